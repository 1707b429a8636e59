package plugin

import (
	"fmt"
	"strings"
)

// UnitName is what systemd calls the service of a plugin.
func UnitName(name string) string { return name + "-plugin.service" }

// Unit is the text of a systemd unit that runs a plugin before engines start.
// program is the path of valelab. When the service is stopped, the processes that
// carry traffic stay.
func Unit(c Config, program string) string {
	command := []string{program, "plugin", "serve", "--name", c.Name}
	if c.Data != DefaultData(c.Name) {
		command = append(command, "--data", c.Data)
	}
	if c.Socket != DefaultSocket(c.Name) {
		command = append(command, "--socket", c.Socket)
	}
	if c.Engine != "" {
		command = append(command, "--engine", c.Engine)
	}
	for i, word := range command {
		command[i] = unitWord(word)
	}
	return fmt.Sprintf(`# Made by: valelab plugin install, or valelab plugin unit.
[Unit]
Description=Networks of Docker with switches of valelab (%s)
Before=docker.service
StartLimitIntervalSec=0

[Service]
ExecStart=%s
Restart=always
RestartSec=1
KillMode=process
TimeoutStopSec=10

[Install]
WantedBy=multi-user.target
`, c.Name, strings.Join(command, " "))
}

// unitWord is a word of a command as systemd reads it.
func unitWord(word string) string {
	word = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%", "$", "$$").Replace(word)
	if strings.ContainsAny(word, " \t;'") {
		word = `"` + word + `"`
	}
	return word
}
