package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"reflect"
	"testing"
)

func TestIntents(t *testing.T) {
	lab := testLab(t, testRoot(t), "lab")
	if intents, err := lab.ReadIntents(); err != nil || len(intents) > 0 {
		t.Fatalf("intents of a new lab: %v, %v", intents, err)
	}
	want := Intent{Interface: "eth3", Namespace: "net:[1]", Index: 7, Boot: "b", WasDown: true, Take: true, Port: "vale1:eth3", Offloads: []string{"rx-gro"}}
	for _, i := range []Intent{want, {Interface: "eth1", Namespace: "net:[1]", Index: 3}} {
		if err := lab.WriteIntent(i); err != nil {
			t.Fatal(err)
		}
	}
	got, err := lab.ReadIntent("eth3")
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("intent %+v, %v, want %+v", got, err, want)
	}
	if _, err := lab.ReadIntent("eth2"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing intent: %v", err)
	}

	// A broken one is told and hides none; the rest of a cut-off write is not one.
	if err := os.WriteFile(lab.Intents()+"/eth9.json", []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(lab.Intents()+"/.eth1.json.123", []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	intents, err := lab.ReadIntents()
	if err == nil || len(intents) != 2 || intents[0].Interface != "eth1" || !reflect.DeepEqual(intents[1], want) {
		t.Errorf("intents %+v, %v", intents, err)
	}
	for range 2 {
		if err := lab.ForgetIntent("eth3"); err != nil {
			t.Fatal(err)
		}
	}
}

// FuzzParseIntent: what is accepted is the same when written and read again,
// and its interface can't lead out of the folder.
func FuzzParseIntent(f *testing.F) {
	f.Add([]byte(`{"interface":"eth3","namespace":"net:[1]","index":7,"boot":"x","was-down":true,"take":true}`))
	f.Add([]byte(`{"interface":"../x","namespace":"net:[1]","index":7}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		i, err := parseIntent(data)
		if err != nil {
			return
		}
		if !fs.ValidPath(i.Interface) {
			t.Errorf("accepted interface %q", i.Interface)
		}
		again, err := json.Marshal(i)
		if err != nil {
			t.Fatal(err)
		}
		back, err := parseIntent(again)
		if err != nil {
			t.Fatal(err)
		}
		if twice, err := json.Marshal(back); err != nil || !bytes.Equal(twice, again) { // no offloads are as good as an empty list
			t.Errorf("%+v came back as %+v, %v", i, back, err)
		}
	})
}
