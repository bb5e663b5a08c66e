import { Secret } from '@edgeledger/core';
import type { DashboardConfig } from './config.ts';
import type { Problems } from './problems.ts';
import type { SettingName } from './settings.ts';
import { checkListenHost, matching, wholeNumber } from './values.ts';
import type { Variables } from './variables.ts';

const checkUser = matching(/^[^:\p{Cc}]+$/u, 'is not a user name. Leave out ":" and control characters.');

const SHORTEST_SECRET = 16;

/**
 * Shells and build tools export HOST for their own ends, so an address that needs a password is the
 * dashboard's to refuse when it starts, not a problem of every command.
 */
export function loadDashboard(variables: Variables, problems: Problems): DashboardConfig {
  const operator = loadPair(variables, problems, ['DASHBOARD_USER', 'DASHBOARD_PASSWORD']);
  const viewer = loadPair(variables, problems, ['DASHBOARD_VIEWER_USER', 'DASHBOARD_VIEWER_PASSWORD']);
  if (viewer !== undefined && operator === undefined) {
    problems.add('DASHBOARD_USER', 'It is missing, but a viewer is set. Set an operator, too, or no viewer.');
  }
  if (viewer !== undefined && viewer.user === operator?.user) {
    problems.add('DASHBOARD_VIEWER_USER', 'It is the same as DASHBOARD_USER. Give the viewer another name.');
  }
  const sessionSecret = variables.given('DASHBOARD_SESSION_SECRET')?.text;
  if (sessionSecret !== undefined && sessionSecret.length < SHORTEST_SECRET) {
    problems.add(
      'DASHBOARD_SESSION_SECRET',
      `It is too short to be safe. Give ${SHORTEST_SECRET} characters or more, for example of \`openssl rand -hex 32\`.`,
    );
  }
  return {
    host: variables.find('HOST', checkListenHost) ?? '127.0.0.1',
    port: variables.find('PORT', wholeNumber(0, 65_535)) ?? 3000,
    ...operator,
    ...(viewer !== undefined && { viewer }),
    ...(sessionSecret !== undefined && { sessionSecret: new Secret(sessionSecret) }),
  };
}

function loadPair(
  variables: Variables,
  problems: Problems,
  [userName, passwordName]: readonly [SettingName, SettingName],
): { readonly user: string; readonly password: Secret } | undefined {
  const user = variables.find(userName, checkUser);
  const password = variables.given(passwordName)?.text;
  const isUserSet = variables.given(userName) !== undefined;
  if (isUserSet !== (password !== undefined)) {
    const [set, unset] = isUserSet ? [userName, passwordName] : [passwordName, userName];
    problems.add(unset, `It is missing, but ${set} is set. Set both or neither.`);
  }
  return user === undefined || password === undefined ? undefined : { user, password: new Secret(password) };
}
