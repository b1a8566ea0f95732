// The views, in the order of the navigation. Each is a module of its own, loaded when it is opened; its default export is an element's
// class, which becomes <egdb-view-NAME>. `groups`: the declared panels (spec/panels) that belong to it. `key`: g and this key opens it.
// `repo`: 'one' where a mixture of repositories means nothing, 'all' where they may be looked at together, left out where it is no matter.
export const views = [
  { name: 'overview', title: 'Overview', key: 'o', repo: 'all', groups: ['Overview', 'Operations'], load: () => import('./overview.js') },
  { name: 'deltas', title: 'Delta Inspector', key: 'd', repo: 'one', groups: ['Delta Inspector', 'Mosaic'],
    load: () => import('./deltas.js') },
  { name: 'spec', title: 'Spec Monitor', key: 's', repo: 'one', groups: ['Spec Monitor', 'Gates'],
    load: () => import('./spec.js') },
  { name: 'security', title: 'Security', key: 'c', repo: 'all', groups: ['Security'], load: () => import('./security.js') },
  { name: 'healer', title: 'Healer', key: 'h', repo: 'all', groups: ['Healer'], load: () => import('./healer.js') },
  { name: 'runs', title: 'Runs', key: 'r', repo: 'all', groups: ['Runs'], load: () => import('./runs.js') },
  { name: 'graph', title: 'Code graph', key: 'g', repo: 'one', groups: [], load: () => import('./graph.js') },
  { name: 'events', title: 'Events', key: 'e', groups: [], load: () => import('./events.js') },
  { name: 'console', title: 'EGQL console', key: 'q', groups: [], load: () => import('./console.js') },
  { name: 'letters', title: 'Dead letters', key: 'l', groups: [], load: () => import('./letters.js') },
  { name: 'panels', title: 'All panels', key: 'p', groups: [], load: () => import('./panels.js') },
  { name: 'panel', title: 'Panel', hidden: true, repo: 'all', groups: [], load: () => import('./panels.js') },
];

export const viewNamed = (name) => views.find((view) => view.name === name);
