// Uploads a file in chunks with a library of others, which run in browsers: `node chunkers.js LIBRARY URL FILE SIZE`.
// The browser is jsdom. Prints the status of each answer to a request that is no question, on one line.
const { readFileSync } = require("fs");
const { basename } = require("path");
const { JSDOM, VirtualConsole } = require("jsdom");

const [library, url, path, size] = process.argv.slice(2);
const chunkSize = Number(size);
const statuses = [];

function finish() {
    console.log(statuses.join(" "));
    process.exit(0);
}

/// A page at the site of `url` in which `script` of a package runs.
function page(script) {
    const html = '<!doctype html><body><div id="upload"></div><button id="browse"></button></body>';
    const { window } = new JSDOM(html, {
        url: new URL(url).origin,
        pretendToBeVisual: true,
        runScripts: "outside-only",
        virtualConsole: new VirtualConsole(),
    });
    // What jsdom lacks and libraries look for.
    window.CSS = { supports: () => true };
    window.matchMedia = () => ({ matches: false, addListener() {} });
    window.URL.createObjectURL = () => "blob:";
    window.URL.revokeObjectURL = () => {};
    const requests = window.XMLHttpRequest.prototype;
    const { open, send } = requests;
    requests.open = function (method, ...rest) {
        this.isQuestion = method === "GET" || method === "HEAD";
        return open.call(this, method, ...rest);
    };
    requests.send = function (body) {
        // Before the library is told.
        const note = () => this.readyState === 4 && statuses.push(this.status);
        if (!this.isQuestion) this.addEventListener("readystatechange", note);
        return send.call(this, body);
    };
    window.eval(readFileSync(require.resolve(script), "utf8"));
    const file = new window.File([new Uint8Array(readFileSync(path))], basename(path), { type: "image/png" });
    return { window, file, byId: (id) => window.document.getElementById(id) };
}

/// Resumable.js and those that come of it.
function resumable(script, name, options) {
    const { window, file } = page(script);
    const uploader = new window[name]({ target: url, chunkSize, forceChunkSize: true, maxChunkRetries: 0, ...options });
    for (const event of ["complete", "error", "fileError"]) uploader.on(event, finish);
    uploader.addFile(file);
    setTimeout(() => uploader.upload(), 10);
}

const flow = (options) => resumable("@flowjs/flow.js/dist/flow.js", "Flow", { simultaneousUploads: 1, ...options });

const libraries = {
    "resumable.js": () => resumable("resumablejs/resumable.js", "Resumable", { simultaneousUploads: 3 }),
    "flow.js": () => flow({}),
    "flow.js, octet": () => flow({ method: "octet" }),
    "simple-uploader.js": () => resumable("simple-uploader.js/dist/uploader.js", "Uploader", { simultaneousUploads: 2 }),
    Dropzone: () => {
        const { window, file, byId } = page("dropzone/dist/dropzone-min.js");
        const options = { chunking: true, forceChunking: true, chunkSize, createImageThumbnails: false, maxFilesize: 100 };
        const zone = new window.Dropzone(byId("upload"), { url, previewTemplate: "<div></div>", ...options });
        for (const event of ["queuecomplete", "error"]) zone.on(event, finish);
        zone.addFile(file);
    },
    "Fine Uploader": () => {
        const { window, file } = page("fine-uploader/fine-uploader/fine-uploader.core.js");
        const chunking = { enabled: true, mandatory: true, partSize: chunkSize };
        const callbacks = { onAllComplete: finish };
        new window.qq.FineUploaderBasic({ request: { endpoint: url }, chunking, callbacks }).addFiles([file]);
    },
    plupload: () => {
        const { window, file, byId } = page("plupload/js/plupload.full.min.js");
        const options = { runtimes: "html5", browse_button: byId("browse"), url, chunk_size: chunkSize };
        const uploader = new window.plupload.Uploader(options);
        for (const event of ["UploadComplete", "Error"]) uploader.bind(event, finish);
        uploader.bind("PostInit", () => uploader.addFile(file));
        uploader.bind("FilesAdded", () => setTimeout(() => uploader.start(), 10));
        uploader.init();
    },
    FilePond: () => {
        const { window, file } = page("filepond/dist/filepond.js");
        const server = { url, process: "", patch: "?patch=" };
        const pond = window.FilePond.create({ server, chunkUploads: true, chunkForce: true, chunkSize, chunkRetryDelays: [] });
        pond.onprocessfile = finish;
        pond.addFile(file);
    },
    "tus-js-client": () => {
        const { Upload } = require("tus-js-client");
        const upload = new Upload(readFileSync(path), {
            endpoint: url,
            chunkSize,
            retryDelays: null,
            metadata: { filename: basename(path) },
            onAfterResponse: (_, answer) => statuses.push(answer.getStatus()),
            onSuccess: finish,
            onError: finish,
        });
        upload.start();
    },
};
libraries[library]();
