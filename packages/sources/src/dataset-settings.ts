import type { Column, Dataset } from '@edgeledger/core';
import { type HeaderRules, normalizeHeader } from './csv/header.ts';
import type { ColumnSetting, DatasetSetting } from './source-config.ts';

/** A dataset as the configuration wants it, with the rules to map its headers. */
export interface ConfiguredDataset {
  readonly dataset: Dataset;
  readonly rules: HeaderRules;
}

export function configureDataset(dataset: Dataset, setting: DatasetSetting | undefined): ConfiguredDataset {
  const settings = setting?.columns ?? {};
  const dropped = new Set<string>();
  const known = dataset.columns.flatMap((column) => applySetting(column, settings[column.name], dropped));
  const added = Object.entries(settings).flatMap(([name, columnSetting]) => {
    if (dataset.columns.some((column) => column.name === name)) return [];
    return applySetting({ name, type: columnSetting.type ?? 'text' }, columnSetting, dropped);
  });
  const columns = [...known, ...added];
  return {
    dataset: { ...dataset, accumulation: setting?.accumulation ?? dataset.accumulation, columns },
    rules: { columns, dropped, chosen: chosenHeaders(settings) },
  };
}

function chosenHeaders(settings: Readonly<Record<string, ColumnSetting>>): Map<string, string> {
  return new Map(
    Object.entries(settings).flatMap(([name, { header, drop }]) =>
      header === undefined || drop === true ? [] : [[name, normalizeHeader(header)]],
    ),
  );
}

function applySetting(column: Column, setting: ColumnSetting | undefined, dropped: Set<string>): Column[] {
  if (setting === undefined) return [column];
  const named = setting.header === undefined ? [] : [normalizeHeader(setting.header)];
  const aliases = [...named, ...(setting.aliases ?? []).map(normalizeHeader), ...(column.aliases ?? [])];
  if (setting.drop === true) {
    for (const name of [column.name, ...named]) dropped.add(normalizeHeader(name));
    return [];
  }
  return [
    {
      ...column,
      aliases: [...new Set(aliases)],
      type: setting.type ?? column.type,
      required: setting.required ?? column.required ?? false,
    },
  ];
}
