import { mkdir } from 'node:fs/promises';
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3mini } from 's3mini';
import S3rver from 's3rver';
import { isSignedWith } from './signature-check.ts';

/**
 * A real S3-compatible server (s3rver) on loopback. It does not check version 4 signatures, so a door before it does
 * that.
 */
export interface S3Server {
  readonly url: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  put(key: string, text: string): Promise<void>;
  get(key: string): Promise<string | null>;
  close(): Promise<void>;
}

export async function openS3Server(folder: string): Promise<S3Server> {
  await mkdir(folder, { recursive: true });
  const bucket = 'edgeledger';
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: folder,
    configureBuckets: [{ name: bucket, configs: [] }],
  });
  const { port } = await server.run();
  // the only account that s3rver knows
  const account = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
  const door = createServer((request, response) => {
    if (isSignedWith(request, account.secretAccessKey)) passOn(request, response, port);
    else refuse(request, response);
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
  const direct = new S3mini({ ...account, endpoint: `${url}/${bucket}`, region: 'us-east-1' });
  return {
    url,
    bucket,
    ...account,
    put: async (key, text) => void (await direct.putObject(key, text)),
    get: (key) => direct.getObject(key),
    close: async () => {
      door.closeAllConnections();
      await new Promise((resolve) => door.close(resolve));
      await server.close();
    },
  };
}

function passOn(request: IncomingMessage, response: ServerResponse, port: number): void {
  const { method, headers, url } = request;
  const inner = forward({ host: '127.0.0.1', port, agent: false, method, headers, path: url }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(response);
  });
  request.pipe(inner);
}

function refuse(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  response.writeHead(403, { 'content-type': 'application/xml' });
  response.end(
    '<Error><Code>SignatureDoesNotMatch</Code><Message>The signature does not match.</Message></Error>',
  );
}
