export { createDirectoryArchive, type DirectoryArchiveOptions } from './directory-archive.ts';
export { createS3Archive, type S3ArchiveOptions } from './s3-archive.ts';
export { createSpool } from './spool.ts';
