package plugin

import (
	"path/filepath"

	"github.com/valelab/valelab/runtime"
)

// AddAddresses completes what is known of a lab that is a plugin's with the
// addresses of its containers, which its agent does not know. Of another lab
// there are none.
func AddAddresses(lab *runtime.Inspection) error {
	var form endpointsForm
	if err := readForm(filepath.Join(lab.Folder, endpointsFile), &form, &form.Format); err != nil {
		return err
	}
	for _, e := range form.Endpoints {
		for i := range lab.Endpoints {
			at := &lab.Endpoints[i]
			if at.MAC != e.MAC || at.Interface != e.Inside {
				continue
			}
			if e.IPv4 != "" {
				at.IPv4 = []string{e.IPv4}
			}
			if e.IPv6 != "" {
				at.IPv6 = []string{e.IPv6}
			}
		}
	}
	return nil
}
