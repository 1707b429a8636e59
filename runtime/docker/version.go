package docker

import "context"

// Version is what an engine says of itself.
type Version struct {
	Engine string // as in 28.5.2
	API    string // the newest that it speaks
}

// Version asks the engine. The error is ErrNoEngine where none answers.
func (e *Engine) Version(ctx context.Context) (Version, error) {
	api, err := e.api()
	if err != nil {
		return Version{}, explain(err)
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	v, err := api.ServerVersion(ctx)
	if err != nil {
		return Version{}, explain(err)
	}
	return Version{Engine: oneLine(v.Version), API: oneLine(v.APIVersion)}, nil
}
