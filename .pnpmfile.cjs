// What all packages have in common when they are published. It comes from one place: `repository` in the root package.json.
const { repository } = require('./package.json');

/** Folder of a package in the repository. */
const folderOf = (name) =>
  name === 'weightmap' ? 'apps/experiments' : `packages/${name.replace('@weightmap/', '')}`;

module.exports = {
  hooks: {
    beforePacking(manifest) {
      delete manifest.scripts;
      // npm's provenance needs a public repository: it is off until one is named.
      const publishConfig = { ...manifest.publishConfig, provenance: Boolean(repository) };
      if (!repository) return { ...manifest, publishConfig };
      const url = repository.replace(/^git\+/, '').replace(/\.git$/, '');
      return {
        ...manifest,
        publishConfig,
        homepage: `${url}#readme`,
        bugs: `${url}/issues`,
        repository: { type: 'git', url: `git+${url}.git`, directory: folderOf(manifest.name) },
      };
    },
  },
};
