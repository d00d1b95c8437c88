// Writes a database of Trivy (trivy-db, schema 2) that holds given advisories, so that `make bench` can let Trivy and Assay
// match the same image with the same knowledge.
//
// usage: trivy-database FOLDER < advisories.json
//
// The input is an array of {"platform", "package", "id", "fixed_version"}, where a platform is called as Trivy calls it
// ("debian 12"). FOLDER gets db/trivy.db and db/metadata.json, as a cache folder of Trivy has them.
package main

import (
	"encoding/json"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

type advisory struct {
	Platform     string `json:"platform"`
	Package      string `json:"package"`
	ID           string `json:"id"`
	FixedVersion string `json:"fixed_version"`
}

func fatal(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// put stores value as JSON under key in the bucket that the names lead to.
func put(transaction *bolt.Tx, key string, value any, names ...string) {
	bucket, err := transaction.CreateBucketIfNotExists([]byte(names[0]))
	fatal(err)
	for _, name := range names[1:] {
		bucket, err = bucket.CreateBucketIfNotExists([]byte(name))
		fatal(err)
	}
	text, err := json.Marshal(value)
	fatal(err)
	fatal(bucket.Put([]byte(key), text))
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: trivy-database FOLDER < advisories.json")
	}
	folder := filepath.Join(os.Args[1], "db")
	var advisories []advisory
	fatal(json.NewDecoder(os.Stdin).Decode(&advisories))
	fatal(os.MkdirAll(folder, 0o755))

	database, err := bolt.Open(filepath.Join(folder, "trivy.db"), 0o644, nil)
	fatal(err)
	fatal(database.Update(func(transaction *bolt.Tx) error {
		for _, one := range advisories {
			put(transaction, one.Platform, map[string]string{"ID": strings.Fields(one.Platform)[0], "Name": one.Platform}, "data-source")
			put(transaction, one.ID, map[string]string{"FixedVersion": one.FixedVersion}, one.Platform, one.Package)
			put(transaction, one.ID, map[string]string{"Title": one.ID}, "vulnerability")
		}
		return nil
	}))
	fatal(database.Close())

	// A time to come, so that Trivy takes the database for fresh.
	now := time.Now().UTC()
	metadata, err := json.Marshal(map[string]any{"Version": 2, "UpdatedAt": now, "DownloadedAt": now, "NextUpdate": now.AddDate(1, 0, 0)})
	fatal(err)
	fatal(os.WriteFile(filepath.Join(folder, "metadata.json"), metadata, 0o644))
}
