// The waiting changes in IndexedDB, in the order in which they were made. They survive a reload and
// belong to the user who made them.

const store = "changes";
let opened = null;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("taskmaster", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(store, { keyPath: "id", autoIncrement: true }).createIndex("user", "user");
    };
    request.onsuccess = () => {
      request.result.onversionchange = () => {
        request.result.close();
        opened = null;
      };
      resolve(request.result);
    };
    request.onerror = () => {
      opened = null;
      reject(request.error);
    };
  });
  return opened;
}

// run does one operation in a transaction. It resolves when the result is on disk.
async function run(mode, work) {
  const db = await open();
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(store, mode, { durability: "strict" });
    const request = work(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

// list returns a user's changes in their order.
export const list = (user) => run("readonly", (changes) => changes.index("user").getAll(user));

// put stores a change and resolves to its id. A change without an id is new.
export const put = (change) => run("readwrite", (changes) => changes.put(change));

// replace stores a change only if it still exists.
export const replace = (change) => run("readwrite", (changes) => {
  const found = changes.getKey(change.id);
  found.onsuccess = () => found.result !== undefined && changes.put(change);
  return found;
});

export const remove = (id) => run("readwrite", (changes) => changes.delete(id));
