export { cifar10, cifar10Loader, type Cifar10LoaderOptions } from './cifar10.js';
export { digits, proceduralDigits, type ProceduralDigitsOptions } from './digits.js';
export { readImageFolder, type ImageFolder, type ImageFolderOptions } from './image-folder.js';
export { iwildcam, iwildcam2class, iwildcamLoader, type IwildcamLoaderOptions } from './iwildcam.js';
export { mnist, mnistLoader, type IdxFile, type MnistLoaderOptions } from './mnist.js';
export { datasets, isDatasetId, loadDataset, type DatasetId } from './registry.js';
