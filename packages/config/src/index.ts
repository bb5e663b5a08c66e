export type {
  AkamaiSourceConfig,
  AkamaiStream,
  AlertsConfig,
  ArchiveConfig,
  ColumnConfig,
  Config,
  DashboardConfig,
  DatasetConfig,
  ImgixSourceConfig,
  LogConfig,
  S3ArchiveConfig,
  ScheduleConfig,
  SourceConfig,
} from './config.ts';
export { type LoadConfigOptions, loadConfig, loadConfigFromProcess } from './load-config.ts';
export { readProgramEnvironment } from './program-environment.ts';
export {
  renderEnvExample,
  renderSettingsTable,
  SETTINGS,
  type Setting,
  type SettingName,
} from './settings.ts';
