export { type AlertFormat, toMessage } from './message.ts';
export { type AlertTeller, type AlertTellerOptions, createAlertTeller, type ToldAlerts } from './teller.ts';
