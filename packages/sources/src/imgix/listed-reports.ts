import { ContractError } from '@edgeledger/core';
import type { ImgixReport } from './client.ts';

/**
 * Six types for 90 days are 540 reports. So many links are 140 GB of files a day for as long, and keeping them takes what
 * memory there is: they have some 700 characters each.
 */
const MAX_LISTED = { reports: 10_000, links: 200_000, linkCharacters: 128 * 1024 * 1024 };

/** The reports of all pages of a listing, each once. */
export interface ListedReports {
  /** @throws ContractError when there are more than any account has */
  add(report: ImgixReport): void;
  count(): number;
  all(): ImgixReport[];
}

export function createListedReports(): ListedReports {
  const reports = new Map<string, ImgixReport>();
  let links = 0;
  let linkCharacters = 0;
  return {
    add(report) {
      if (reports.has(report.id)) return;
      reports.set(report.id, report);
      links += report.files.length;
      for (const link of report.files) linkCharacters += link.length;
      if (
        reports.size > MAX_LISTED.reports ||
        links > MAX_LISTED.links ||
        linkCharacters > MAX_LISTED.linkCharacters
      ) {
        throw toTooManyError(reports.size, links);
      }
    },
    count: () => reports.size,
    all: () => [...reports.values()],
  };
}

function toTooManyError(reports: number, links: number): ContractError {
  return new ContractError(
    'source.response-malformed',
    `Could not list imgix reports: the listing is longer than any account's (${reports} reports with ${links} links to files so far; ` +
      `at most ${MAX_LISTED.reports} with ${MAX_LISTED.links} are read). Check IMGIX_API_URL, and report it if it is right.`,
  );
}
