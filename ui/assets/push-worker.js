// Shows what is pushed to this browser, and leads to it. It keeps nothing and answers no request of a page.
self.addEventListener("push", (event) => {
  const { title = "Palabre", body = "", url = "/" } = event.data?.json() ?? {};
  event.waitUntil(self.registration.showNotification(title, { body, data: { url } }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(lead(event.notification.data.url));
});

async function lead(url) {
  const here = self.location.origin;
  const wanted = new URL(url || "/", here);
  const target = wanted.origin === here ? wanted.href : here + "/"; // a notification leads nowhere else
  const windows = await self.clients.matchAll({ type: "window" });
  const shown = windows.find((one) => one.url === target);
  return shown ? shown.focus() : self.clients.openWindow(target);
}
