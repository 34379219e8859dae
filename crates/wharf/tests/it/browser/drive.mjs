// Drives a headless Chromium: drive.mjs CHROMIUM PROFILE. Reads one command a line and answers each with one line,
// `ready` and a JSON document; it ends with its standard input.
//
// `open URL` opens a page and tells its status and title, or the error, and what the browser thinks of the connection;
// `run SCRIPT` tells what an expression of JavaScript comes to in that page, `until SCRIPT` waits until it is true;
// `heard TEXT` waits until a WebSocket of the page has had a frame with that text, and tells its URL;
// `shot light|dark WIDTH FILE` takes a picture. Nothing here makes a browser trust what it would not.
import { createInterface } from 'node:readline';

import { chromium } from 'playwright-core';

const PATIENCE_MS = 60_000;
const ARGUMENTS = [
    '--disable-quic', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-sync',
];

const [executablePath, profile] = process.argv.slice(2);
// It runs in namespaces of its own already; inside them its sandbox cannot be made.
const options = { executablePath, args: ARGUMENTS, chromiumSandbox: false, headless: true, env: process.env };
const browser = await chromium.launchPersistentContext(profile, { ...options, timeout: PATIENCE_MS });
browser.setDefaultTimeout(PATIENCE_MS);
let page, security, protocol, frames;

// A page of its own for each: that of an error is still on its way when the next is opened.
async function renew() {
    await page?.close();
    page = await browser.newPage();
    security = protocol = null;
    frames = [];
    page.on('websocket', (socket) => {
        socket.on('framereceived', ({ payload }) => frames.push([String(payload), socket.url()]));
    });
    const session = await browser.newCDPSession(page);
    session.on('Security.visibleSecurityStateChanged', (event) => {
        security = event.visibleSecurityState.securityState;
    });
    session.on('Network.responseReceived', (event) => {
        if (event.type === 'Document') protocol = event.response.protocol;
    });
    await session.send('Security.enable');
    await session.send('Network.enable');
}

const commands = {
    async open(url) {
        await renew();
        try {
            const answer = await page.goto(url);
            const text = await page.evaluate('document.body.innerText');
            return { status: answer.status(), title: await page.title(), text, url: page.url(), security, protocol };
        } catch (error) {
            return { error: error.message.split('\n')[0] };
        }
    },
    async run(script) {
        return { value: await page.evaluate(script) };
    },
    async until(script) {
        await page.waitForFunction(script, null, { polling: 50 });
        return {};
    },
    async heard(text) {
        for (;;) {
            const found = frames.find(([payload]) => payload.includes(text));
            if (found) return { url: found[1] };
            await new Promise((resume) => setTimeout(resume, 20));
        }
    },
    async shot(scheme, width, path) {
        await page.emulateMedia({ colorScheme: scheme });
        await page.setViewportSize({ width: Number(width), height: 600 });
        const height = await page.evaluate('document.documentElement.scrollHeight');
        await page.setViewportSize({ width: Number(width), height });
        await page.screenshot({ path });
        return {};
    },
};

const tell = (told) => process.stdout.write(`ready ${JSON.stringify(told)}\n`);
tell({ version: browser.browser()?.version() ?? '' });
for await (const line of createInterface({ input: process.stdin })) {
    const [name, ...words] = line.split(' ');
    const rest = ['open', 'run', 'until', 'heard'].includes(name) ? [words.join(' ')] : words;
    tell(await commands[name](...rest));
}
await browser.close();
