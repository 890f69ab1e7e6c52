/** What the id of a dataset or variant looks like: it names a folder. */
export const FOLDER_NAME = /^\w[\w.-]*$/;
