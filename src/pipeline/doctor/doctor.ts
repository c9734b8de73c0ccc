/** @file `kinora doctor`: all that Kinora needs or can use on this machine, looked at one thing after the other. Never throws for what it finds. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProbeOptions } from '../../backend/ort/probe.ts';
import { DEFAULT_MODEL, findModel, installedModels, modelsFolder, readModelFile } from '../model/model-store.ts';
import { diagnosisOf, firstLine, type Check, type Diagnosis } from './check.ts';
import { deviceChecks } from './devices.ts';
import { machineChecks, type Folders } from './machine.ts';
import { packageChecks, type Versions } from './packages.ts';

/** Options of {@link diagnose}. */
export interface DiagnoseOptions extends Folders {
  /** How devices are tried. */
  readonly probe?: ProbeOptions;
  /** Checks of what is built on top, as the server's database is. */
  readonly more?: () => Promise<readonly Check[]>;
  /** Told what is being looked at. */
  readonly onProgress?: (what: string) => void;
}

interface PackageFile {
  readonly engines: { readonly node: string };
  readonly dependencies: Versions;
  readonly optionalDependencies: Versions;
  readonly peerDependencies: Versions;
}

/** Each installed model, its files read and compared with their hashes. */
async function modelChecks(): Promise<Check[]> {
  const ids = await installedModels(), checks: Check[] = [];
  for (const id of ids) {
    const name = `model ${id}`, needed = id === DEFAULT_MODEL;
    try {
      const model = await findModel(id), files = Object.keys(model.info.files);
      for (const file of files) await readModelFile(model, file);
      checks.push({ name, needed, state: 'ok', found: `version ${model.info.version}, ${files.length} files as they should be` });
    } catch (error) { checks.push({ name, needed, state: 'broken', found: join(modelsFolder(), id), why: firstLine(error) }); }
  }
  const absent = { name: `model ${DEFAULT_MODEL}`, needed: true, state: 'missing', found: modelsFolder(), needs: 'the package installed again, which brings it' } as const;
  if (!ids.includes(DEFAULT_MODEL)) checks.push(absent);
  return checks;
}

/** Looks at everything. */
export async function diagnose({ probe, more, onProgress, ...folders }: DiagnoseOptions): Promise<Diagnosis> {
  const { engines, ...lists } = JSON.parse(await readFile(join(modelsFolder(), '..', 'package.json'), 'utf8')) as PackageFile;
  const versions = { ...lists.dependencies, ...lists.optionalDependencies, ...lists.peerDependencies }, checks: Check[] = [];
  const parts: readonly (readonly [what: string, run: () => Promise<readonly Check[]>])[] = [
    ['machine', () => machineChecks({ ...folders, engines: engines.node })], ['devices', () => deviceChecks(versions, probe)], ['packages', () => packageChecks(versions)],
    ['models', modelChecks], ...(more ? [['database', more] as const] : []),
  ];
  for (const [what, run] of parts) {
    onProgress?.(what);
    checks.push(...await run());
  }
  return diagnosisOf(checks);
}
