// The last stage of kills.py: books each job in a file under the id of the call, as an outside system
// would. Usage: kills_worker.mjs CLIENT_FOLDER URL FILE
import { appendFileSync } from 'node:fs';

const [, , folder, url, file] = process.argv;
const { Worker } = await import(`${folder}/millrace.mjs`);

const worker = new Worker(url, { log: () => {} });
worker.stage('jobs/book', { batch: 100, lease: '5s', wait: '2s' }, (jobs) =>
  jobs.map((job) => {
    const { owner, number } = job.payload;
    appendFileSync(file, `${job.callId} ${owner} ${number}\n`);
    return job.payload;
  }),
);
await worker.run();
