// Writes a database of Trivy (trivy-db, schema 2) that holds given advisories, so that `make bench` and `make peers` can let Trivy
// and Assay match the same image with the same knowledge.
//
// usage: trivy-database FOLDER [RECORDS]... < advisories.json
//
// The input is an array of {"platform", "package", "id", "fixed_version"}, where a platform is called as Trivy calls it
// ("debian 12"). RECORDS are folders of OSV records; Trivy's own code makes advisories of them, and each folder is a source of
// its own there. FOLDER gets db/trivy.db and db/metadata.json, as a cache folder of Trivy has them.
package main

import (
	"encoding/json"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aquasecurity/trivy-db/pkg/db"
	"github.com/aquasecurity/trivy-db/pkg/ecosystem"
	"github.com/aquasecurity/trivy-db/pkg/types"
	"github.com/aquasecurity/trivy-db/pkg/vulnsrc/osv"
	bolt "go.etcd.io/bbolt"
)

type advisory struct {
	Platform     string `json:"platform"`
	Package      string `json:"package"`
	ID           string `json:"id"`
	FixedVersion string `json:"fixed_version"`
}

// Those of which OSV has records.
var ecosystems = []ecosystem.Type{ecosystem.Npm, ecosystem.Composer, ecosystem.Pip, ecosystem.RubyGems, ecosystem.Cargo,
	ecosystem.NuGet, ecosystem.Maven, ecosystem.Go, ecosystem.Erlang, ecosystem.Pub, ecosystem.Swift, ecosystem.Julia}

func fatal(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// addDistribution writes advisories of distributions.
func addDistribution(advisories []advisory) error {
	config := db.Config{}
	return config.BatchUpdate(func(transaction *bolt.Tx) error {
		for _, one := range advisories {
			source := types.DataSource{ID: types.SourceID(strings.Fields(one.Platform)[0]), Name: one.Platform}
			fatal(config.PutDataSource(transaction, one.Platform, source))
			fatal(config.PutAdvisoryDetail(transaction, one.ID, one.Package, []string{one.Platform},
				map[string]string{"FixedVersion": one.FixedVersion}))
			fatal(config.PutVulnerabilityID(transaction, one.ID))
		}
		return nil
	})
}

// addRecords writes what Trivy makes of a folder of OSV records.
func addRecords(folder string) error {
	name, sources := filepath.Base(folder), map[ecosystem.Type]types.DataSource{}
	for _, one := range ecosystems {
		sources[one] = types.DataSource{ID: types.SourceID(name), Name: name}
	}
	return osv.New(name, types.SourceID(name), sources).Update(filepath.Dir(folder))
}

// finish writes the advisories to where Trivy looks for them, as the last step of trivy-db does. Only records have details.
func finish(records bool) error {
	config := db.Config{}
	err := config.ForEachVulnerabilityID(func(transaction *bolt.Tx, name string) error {
		fatal(config.SaveAdvisoryDetails(transaction, name))
		return config.PutVulnerability(transaction, name, types.Vulnerability{Title: name})
	})
	fatal(err)
	if records {
		fatal(config.DeleteVulnerabilityDetailBucket())
	}
	return config.DeleteAdvisoryDetailBucket()
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal("usage: trivy-database FOLDER [RECORDS]... < advisories.json")
	}
	folder := filepath.Join(os.Args[1], "db")
	var advisories []advisory
	fatal(json.NewDecoder(os.Stdin).Decode(&advisories))

	fatal(db.Init(folder, db.WithBoltOptions(&bolt.Options{NoSync: true})))
	fatal(addDistribution(advisories))
	for _, records := range os.Args[2:] {
		fatal(addRecords(records))
	}
	fatal(finish(len(os.Args) > 2))
	fatal(db.Close())

	// A time to come, so that Trivy takes the database for fresh.
	now := time.Now().UTC()
	metadata, err := json.Marshal(map[string]any{"Version": db.SchemaVersion, "UpdatedAt": now, "DownloadedAt": now, "NextUpdate": now.AddDate(1, 0, 0)})
	fatal(err)
	fatal(os.WriteFile(filepath.Join(folder, "metadata.json"), metadata, 0o644))
}
