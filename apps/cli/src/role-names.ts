export const ROLES = ['scheduler', 'worker', 'dashboard'] as const;
export type Role = (typeof ROLES)[number];
