package runtime_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/topology"
)

// deployer is the first argument of this binary when it is to deploy, as the
// command would: deployer ROOT PLAN-FILE. SIGINT interrupts it.
const deployer = "valelab-test-deploy"

// destroyer is the first argument of this binary when it is to destroy a lab
// in an empty network namespace: destroyer ROOT LAB.
const destroyer = "valelab-test-destroy"

// brokenLab is the lab whose agent never starts.
const brokenLab = "broken"

// TestMain lets this binary serve as every process of a lab. Keeper, init and
// exec never get here: they leave in a constructor.
func TestMain(m *testing.M) {
	var err error
	switch os.Args[0] {
	case "valelab-agent":
		if filepath.Base(os.Args[1]) == brokenLab {
			err = errors.New("agent: this one can't start")
			break
		}
		err = agent.Main(context.Background(), os.Args[1])
	case deployer:
		err = deployMain(os.Args[1], os.Args[2])
	case destroyer:
		err = destroyMain(os.Args[1], os.Args[2])
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// deployMain deploys and prints the report.
func deployMain(root, planFile string) error {
	// Never stopped: an interrupt after the deploy must not change how it ended.
	ctx, _ := signal.NotifyContext(context.Background(), unix.SIGINT)
	data, err := os.ReadFile(planFile)
	if err != nil {
		return err
	}
	plan, err := topology.ParsePlan(data)
	if err != nil {
		return err
	}
	report, err := runtime.Deploy(ctx, root, plan, runtime.Options{})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(report)
}
