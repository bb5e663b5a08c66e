import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Secret } from 'kubernetes-models/v1/Secret';
import { Service } from 'kubernetes-models/v1/Service';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

const FOLDER = join(import.meta.dirname, '..', '..', '..', '..', 'deploy', 'kubernetes');
const MODELS = [
  ConfigMap,
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  PodDisruptionBudget,
  ScaledObject,
  Secret,
  Service,
];

/** The part of a manifest that is looked at here. */
interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly replicas?: number;
    readonly strategy?: { readonly type?: string };
    readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
    readonly scaleTargetRef?: { readonly name: string };
    readonly template?: PodTemplate;
  };
}
interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly terminationGracePeriodSeconds?: number;
    readonly automountServiceAccountToken?: boolean;
    readonly securityContext?: Readonly<Record<string, unknown>>;
    readonly containers: readonly Readonly<Record<string, unknown>>[];
  };
}

const read = (name: string): Manifest[] =>
  parseAllDocuments(readFileSync(join(FOLDER, name), 'utf8'), { uniqueKeys: true }).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  });
const FILES = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.yaml') && name !== 'kustomization.yaml',
);
const MANIFESTS = FILES.flatMap((name) => read(name).map((manifest) => ({ name, manifest })));

/**
 * What the schema of its kind says against a manifest: nothing when it is valid. The schemas allow fields they do not
 * know, as the server does, and drops them: a field that validation never looked at is a misspelt one.
 */
function findProblems(manifest: Manifest): string[] {
  const model = MODELS.find(
    (candidate) => candidate.kind === manifest.kind && candidate.apiVersion === manifest.apiVersion,
  );
  if (model === undefined) return [`no schema for ${manifest.apiVersion} ${manifest.kind}`];
  const seen = new Set<object>();
  const unread = new Map<string, string>();
  const instance = Object.create(model.prototype) as { validate(): void };
  Object.assign(instance, watch(structuredClone(manifest), '', unread, seen));
  for (const key of ['apiVersion', 'kind']) unread.delete(`/${key}`);
  try {
    instance.validate();
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  return [...unread.keys()].map((path) => `unknown field ${path}`);
}

/** The same value, noting which of its fields are ever asked for. */
function watch(value: unknown, path: string, unread: Map<string, string>, seen: Set<object>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const proxies = new Map<string, unknown>();
  const isList = Array.isArray(value);
  if (path !== '' && !isList) for (const key of Object.keys(value)) unread.set(`${path}/${key}`, key);
  seen.add(value);
  const record = value as Record<string, unknown>;
  const watched = new Proxy(record, {
    get: (target, key) => {
      if (typeof key !== 'string' || !Object.hasOwn(target, key)) return Reflect.get(target, key);
      unread.delete(`${path}/${key}`);
      if (!proxies.has(key)) proxies.set(key, watch(target[key], `${path}/${key}`, unread, seen));
      return proxies.get(key);
    },
  });
  return watched;
}

describe('the manifests', () => {
  test('are found', () => {
    expect(MANIFESTS.map(({ manifest }) => `${manifest.kind} ${manifest.metadata.name}`).toSorted()).toEqual([
      'ConfigMap edgeledger',
      'ConfigMap edgeledger-yaml',
      'Deployment edgeledger-dashboard',
      'Deployment edgeledger-scheduler',
      'Deployment edgeledger-worker',
      'HorizontalPodAutoscaler edgeledger-worker',
      'Job edgeledger-migrate',
      'PodDisruptionBudget edgeledger-worker',
      'ScaledObject edgeledger-worker',
      'Secret edgeledger',
      'Service edgeledger-dashboard',
    ]);
  });

  test.each(MANIFESTS.map(({ name, manifest }) => [name, manifest.kind, manifest] as const))(
    '%s: %s fits its schema and has no field that Kubernetes does not know',
    (_name, _kind, manifest) => {
      expect(findProblems(manifest)).toEqual([]);
    },
  );

  test('kustomization.yaml lists all but the example and the autoscalers, of which a cluster takes one', () => {
    const { resources } = parse(readFileSync(join(FOLDER, 'kustomization.yaml'), 'utf8')) as {
      resources: string[];
    };
    const left = FILES.filter((name) => !resources.includes(name)).toSorted();
    expect(left).toEqual(['autoscaling/hpa.yaml', 'autoscaling/keda.yaml', 'secret.example.yaml']);
    expect(resources.filter((name) => !FILES.includes(name))).toEqual([]);
  });
});

describe('the pods', () => {
  const workloads = MANIFESTS.flatMap(({ manifest }) => {
    const template = manifest.spec?.template;
    return template === undefined ? [] : [{ manifest, template }];
  });

  test.each(workloads.map((workload) => [workload.manifest.metadata.name, workload] as const))(
    '%s runs without privileges, within limits, and is selected by its own labels',
    (_name, { manifest, template }) => {
      expect(template.spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
      expect(template.spec.automountServiceAccountToken).toBe(false);
      const [container] = template.spec.containers;
      expect(container).toMatchObject({
        securityContext: {
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        },
        resources: { requests: expect.anything(), limits: { memory: expect.any(String) } },
      });
      if (manifest.kind !== 'Deployment') return;
      expect(template.metadata.labels).toMatchObject(manifest.spec?.selector?.matchLabels ?? { none: '' });
      expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(30);
      expect(container).toMatchObject({
        readinessProbe: { httpGet: { path: '/readyz' } },
        livenessProbe: { httpGet: { path: '/healthz' } },
      });
    },
  );

  test('there is one scheduler, and never an old one beside a new one', () => {
    const [scheduler] = read('scheduler.yaml');
    expect(scheduler?.spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
  });

  test('autoscalers and budget are about the worker that there is', () => {
    const names = MANIFESTS.flatMap(({ manifest }) => manifest.spec?.scaleTargetRef?.name ?? []);
    expect(names).toEqual(['edgeledger-worker', 'edgeledger-worker']);
  });
});

describe('each check can fail', () => {
  const [worker] = read('worker.yaml');
  const change = (edit: (spec: Record<string, unknown>) => void): Manifest => {
    const copy = structuredClone(worker) as unknown as { spec: Record<string, unknown> };
    edit(copy.spec);
    return copy as unknown as Manifest;
  };

  test('a value of the wrong type', () => {
    expect(findProblems(change((spec) => Object.assign(spec, { replicas: 'two' })))).toEqual([
      expect.stringContaining('/spec/replicas must be integer'),
    ]);
  });

  test('a misspelt field, however deep', () => {
    expect(findProblems(change((spec) => Object.assign(spec, { replicaz: 2 })))).toEqual([
      'unknown field /spec/replicaz',
    ]);
    const deep = change((spec) => {
      const { template } = spec as { template: PodTemplate };
      Object.assign(template.spec.containers[0] ?? {}, { readinesProbe: {} });
    });
    expect(findProblems(deep)).toEqual(['unknown field /spec/template/spec/containers/0/readinesProbe']);
  });

  test('a kind without a schema', () => {
    expect(findProblems({ ...change(() => undefined), kind: 'Deploymint' })).toEqual([
      'no schema for apps/v1 Deploymint',
    ]);
  });
});
