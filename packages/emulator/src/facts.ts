/** What a client has to know of a running emulator; its file server tells it at {@link FACTS_PATH}. */

export interface EmulatorFacts {
  imgix: { apiKey: string };
  akamai: { clientToken: string; clientSecret: string; accessToken: string };
  imgixUrl: string;
  akamaiUrl: string;
  /** `host:port` */
  filesHost: string;
  cpCodes: readonly string[];
  accountIds: readonly string[];
}

/** No signature is asked for: everything there is made up, the credentials too. */
export const FACTS_PATH = '/emulator.json';

/** Throws when it is not what an emulator of this version tells. */
export function parseFacts(answer: unknown): EmulatorFacts {
  const isFacts =
    typeof answer === 'object' &&
    answer !== null &&
    ['imgix', 'akamai', 'imgixUrl', 'akamaiUrl', 'filesHost', 'accountIds'].every((name) => name in answer);
  if (!isFacts) throw new Error('This is not an emulator, or one of another version.');
  return answer as EmulatorFacts;
}
