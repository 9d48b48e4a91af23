// Kafkajs, unmodified: sends 100 records, reads them in a group, and prints them.
// usage: node kafkajs_client.cjs HOST:PORT
const {Kafka, logLevel} = require('kafkajs');

async function main() {
  const kafka = new Kafka({brokers: [process.argv[2]], clientId: 'kafkajs', logLevel: logLevel.ERROR});
  const producer = kafka.producer({idempotent: true});
  await producer.connect();
  const messages = [...Array(100).keys()].map(number => ({key: `k${number % 7}`, value: `${number}`}));
  await producer.send({topic: 'from-js', messages});
  await producer.disconnect();
  const consumer = kafka.consumer({groupId: 'js', heartbeatInterval: 50});
  await consumer.connect();
  await consumer.subscribe({topic: 'from-js', fromBeginning: true});
  const values = [];
  await new Promise((resolve, reject) => {
    let hasBeaten = false;
    const end = () => hasBeaten && values.length === messages.length && resolve();
    consumer.on('consumer.crash', event => reject(event.payload.error));
    consumer.on('consumer.heartbeat', () => {
      hasBeaten = true;
      end();
    });
    consumer.run({
      eachMessage: async ({message}) => {
        values.push(message.value.toString());
        end();
      },
    }).catch(reject);
  });
  await consumer.disconnect();
  console.log(values.join('\n'));
}

main().catch(error => {
  console.error(error);
  process.exit(1);
});
