// The site in dist/: `npx nx run docs:build`, then open tools/docs-site/dist/index.html.
import path from 'node:path';
import { site, validate } from './_site.mjs';

const out = path.join(import.meta.dirname, 'dist');
const app = await site();
const project = await app.convert();
if (project) {
  validate(app, project);
  await app.generateDocs(project, out);
}
const { errorCount, warningCount, validationWarningCount } = app.logger;
if (errorCount + warningCount + validationWarningCount > 0) process.exitCode = 1;
