package plugin

import "fmt"

// Unit is the text of a systemd unit that runs a plugin before engines start.
// When it is stopped, the processes that carry traffic stay.
func Unit(name, program string) string {
	return fmt.Sprintf(`# Made by: valelab plugin unit. Put it into /etc/systemd/system/%[1]s-plugin.service, then:
#   systemctl daemon-reload && systemctl enable --now %[1]s-plugin
[Unit]
Description=Networks of Docker with switches of valelab (%[1]s)
Before=docker.service
StartLimitIntervalSec=0

[Service]
ExecStart=%[2]s plugin serve --name %[1]s
Restart=always
RestartSec=1
KillMode=process
TimeoutStopSec=10

[Install]
WantedBy=multi-user.target
`, name, program)
}
