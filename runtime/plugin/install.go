package plugin

import (
	"fmt"
	"path/filepath"
)

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

// ComposeFile is the text of a Compose file that runs a plugin as a container. It
// takes the processes that carry traffic with it when it ends; what it had is
// made anew when it starts again.
func ComposeFile(name, program string) string {
	return fmt.Sprintf(`# Made by: valelab plugin compose. The plugin as an ordinary container, in a file of its own: Compose makes networks
# before it starts services. A systemd unit (valelab plugin unit) survives more.
version: "2.4"

services:
  %[1]s-plugin:
    image: ${IMAGE:-busybox}
    command: /valelab plugin serve --name %[1]s
    restart: always
    privileged: true
    network_mode: host
    pid: host
    volumes:
      - %[2]s:/valelab:ro
      - /run:/run:rslave
      - /var/run/docker:/var/run/docker:rslave
      - %[3]s:%[3]s
`, name, program, filepath.Dir(DefaultData(name)))
}
