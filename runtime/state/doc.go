// Package state is what a lab leaves written down on the machine: its folder
// under the root, the lock on it, pid files, intents for objects outside the
// lab's namespaces, and the marks that processes carry in their arguments.
//
// It knows file names, formats and marks. It starts nothing, makes no network
// object and reads no lab file; who uses the folders is decided in the
// packages above.
//
// The layout under the root, /run/valelab unless VALELAB_RUN says otherwise:
//
//	<lab>/lock                 flock, held by deploy and destroy
//	<lab>/plan.json            the plan that the lab was deployed from
//	<lab>/next.json            plans that deploys have begun and not completed
//	<lab>/boot                 the machine's boot in which the lab was made
//	<lab>/made/<node>.json     what a node was made from
//	<lab>/plugin.json          the Docker plugin whose lab it is, in place of plans
//	<lab>/endpoints.json       that plugin's endpoints
//	<lab>/agent.sock           the agent's API
//	<lab>/agent.log            output of keeper and agent
//	<lab>/keeper.pid           pid file of the keeper
//	<lab>/agent.pid            pid file of the agent, for people
//	<lab>/nodes/<node>/        what the node sees as /run/valelab
//	<lab>/state/<node>/        the node's private state: pid, status, log, ctl, released
//	<lab>/intents/<name>.json  objects outside the lab's namespaces
//
// Nothing under the root is synced: it lives in memory, and what a crash of the
// machine would leave behind describes objects that died with it.
package state
