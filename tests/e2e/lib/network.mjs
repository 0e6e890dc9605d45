// A network of the test's own: hosts are network namespaces joined by a bridge, all inside one
// private network and mount namespace, so everything is gone when the process ends.
import { spawnSync, execFileSync } from 'node:child_process';

const MARK = 'VEILLEE_TEST_NAMESPACE';

/** Runs this script again inside fresh namespaces and exits with its status; returns true inside.
 * As root by itself, else through a user namespace. False when the kernel allows neither. */
export function enterNamespace() {
  if (process.env[MARK] === 'inside') {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '/run']);
    execFileSync('ip', ['link', 'set', 'lo', 'up']);
    return true;
  }
  const flags = process.getuid() === 0 ? ['-nm'] : ['-Urnm'];
  if (spawnSync('unshare', [...flags, 'true']).status !== 0) return false;
  const run = spawnSync('unshare', [...flags, process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [MARK]: 'inside', DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/run/no-bus' },
  });
  process.exit(run.status ?? 1);
}

const ip = (...args) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });

export class Network {
  /** hosts: names; each gets 10.77.0.N on interface eth0, N from 1. */
  constructor(hosts) {
    ip('link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0');
    ip('link', 'set', 'br0', 'up');
    this.hosts = new Map();
    for (const name of hosts) this.addHost(name);
  }

  addHost(name) {
    const number = this.hosts.size + 1;
    ip('netns', 'add', name);
    ip('link', 'add', `port${number}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    ip('link', 'set', `port${number}`, 'master', 'br0', 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'addr', 'add', `10.77.0.${number}/24`, 'dev', 'eth0');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
    ip('-n', name, 'route', 'add', '224.0.0.0/4', 'dev', 'eth0');
    this.hosts.set(name, { number, address: `10.77.0.${number}` });
  }

  /** This process gets addresses on the bridge too: strangers in the same network. */
  joinAsStranger(addresses = ['10.77.0.254']) {
    for (const address of addresses) ip('addr', 'add', `${address}/24`, 'dev', 'br0');
  }

  /** The address of the host's network card. */
  mac(name) {
    return JSON.parse(ip('-n', name, '-json', 'link', 'show', 'eth0'))[0].address;
  }

  /** Pulls or plugs the host's cable. */
  setLink(name, up) {
    ip('link', 'set', `port${this.hosts.get(name).number}`, up ? 'up' : 'down');
  }

  setAddress(name, address) {
    ip('-n', name, 'addr', 'flush', 'dev', 'eth0', 'scope', 'global');
    ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', name, 'route', 'replace', '224.0.0.0/4', 'dev', 'eth0');
    this.hosts.get(name).address = address;
  }

  /** Forwards no multicast any more (or again); unicast goes on. */
  setMulticast(on) {
    for (const { number } of this.hosts.values()) {
      const flood = on ? 'on' : 'off';
      execFileSync('bridge', ['link', 'set', 'dev', `port${number}`, 'mcast_flood', flood]);
    }
  }

  /** The command line that runs `argv` on that host. */
  static on(name, argv) {
    return ['ip', ['netns', 'exec', name, ...argv]];
  }
}
