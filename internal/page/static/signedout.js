// Tells the browser's other pages of the portal that nobody is signed in any more.
new BroadcastChannel("countdown").postMessage({ over: true });
