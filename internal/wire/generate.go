package wire

// The models are not part of this repository. The generator looks for them in
// the directory of -models, else of the environment variable SOJOURN_MODELS
// (both: a directory with SERVICE/VERSION/service-2.json or .json.gz), else in
// the botocore that python3 has, else in Debian's python3-botocore. The packages
// here were made from botocore 1.43; older models lack newer members (before
// 1.35, for one, an OpenID Connect provider's thumbprints were required).
//
//go:generate go run ./gen
