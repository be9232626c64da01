// An S3-compatible server. Prints its port, then each request with the status of the answer, one a line.
const S3rver = require("s3rver");

const server = new S3rver({
    address: "127.0.0.1",
    port: 0,
    silent: true,
    directory: process.argv[2],
    configureBuckets: [{ name: "lists" }],
});
server.middleware.unshift(async (context, next) => {
    const { method, path } = context;
    try {
        await next();
    } finally {
        console.log(`${method} ${path} ${context.status}`);
    }
});
server.run().then(({ port }) => console.log(port));
