// Node by itself: an event each interval, written to the response.
import { createServer } from 'node:http';
import { serve } from './rows.mjs';

serve(
  createServer((request, response) => {
    const schedule = new URL(request.url, 'http://localhost').searchParams.get('tick');
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const tick = () => response.write(`data: {"t":${process.hrtime.bigint()}}\n\n`);
    tick();
    if (schedule === null) return;
    const [interval, start] = schedule.split('@').map((seconds) => Number(seconds) * 1000);
    const left = Math.max(0, start - Number(process.hrtime.bigint()) / 1e6);
    let timer = setTimeout(
      () => {
        tick();
        timer = setInterval(tick, interval);
      },
      left + Math.random() * interval,
    );
    response.on('close', () => clearInterval(timer));
  }),
);
