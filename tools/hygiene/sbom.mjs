// Writes a CycloneDX bill of materials of what the project runs on: `node tools/hygiene/sbom.mjs [file]`.
import { readFile, writeFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import { root } from '../_pnpm.mjs';
import { runtimeDependencies } from './_licences.mjs';

const file = path.resolve(process.argv[2] ?? path.join(root, 'tools/hygiene/dist/sbom.cdx.json'));
const { name, version, license } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));

const component = (type, { name, version, license, description }) =>
  Object.assign(
    new Models.Component(type, name, {
      ...{ version, description },
      bomRef: `${name}@${version}`,
      purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    }),
    {
      licenses: new Models.LicenseRepository([
        / AND | OR /.test(license)
          ? new Models.LicenseExpression(license)
          : license === 'Unknown'
            ? new Models.NamedLicense('see the package')
            : new Models.SpdxLicense(license),
      ]),
    },
  );

const bom = new Models.Bom({
  metadata: new Models.Metadata({
    component: component(Enums.ComponentType.Application, { name, version, license }),
  }),
});
const found = await runtimeDependencies();
for (const dependency of found) bom.components.add(component(Enums.ComponentType.Library, dependency));

const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
await mkdir(path.dirname(file), { recursive: true });
await writeFile(file, `${serializer.serialize(bom, { sortLists: true, space: 1 })}\n`);
console.log(`${found.length} components in ${path.relative(process.cwd(), file)}`);
