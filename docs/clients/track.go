// Tells Verikeep of one token: POST /v1/verifications (docs/api.md). Go 1.19 or newer, nothing beside it.
//
// Never let a customer wait for this. Put the token into a table or queue of your own, in the transaction that keeps the order. A worker takes it from
// there and calls track: nil, the token is kept and the row is done; errRefused, a person looks at the row; any other error, it stays for the next round.
// VERIKEEP_URL is the address, VERIKEEP_KEY_FILE the file with the key. By hand: go run track.go APP ISSUED_AT REFERENCE SECONDS < token
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// Repeating is no use.
var errRefused = errors.New("refused")

var client = http.Client{
	Timeout:       2 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func track(app, token, issuedAt, reference string, until time.Time) error {
	key, err := os.ReadFile(os.Getenv("VERIKEEP_KEY_FILE"))
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]string{"app": app, "verify_token": token, "issued_at": issuedAt, "reference": reference})
	if err != nil {
		return err
	}
	for pause := 1; ; pause *= 2 {
		if pause > 60 {
			pause = 60
		}
		wait := pause
		status, after, why := post(strings.TrimSpace(string(key)), body)
		if status == 200 || status == 201 {
			return nil
		}
		if status != 0 && status != 408 && status != 429 && status < 500 {
			return fmt.Errorf("%w: %s", errRefused, why)
		}
		if seconds, err := strconv.Atoi(after); err == nil && seconds > 0 {
			wait = seconds
		}
		if time.Now().Add(time.Duration(wait) * time.Second).After(until) {
			return fmt.Errorf("nobody took it: %s", why)
		}
		time.Sleep(time.Duration(wait) * time.Second)
	}
}

// post asks once: the status, 0 for none, Retry-After, and what was said.
func post(key string, body []byte) (int, string, string) {
	url := strings.TrimRight(os.Getenv("VERIKEEP_URL"), "/") + "/v1/verifications"
	request, err := http.NewRequest("POST", url, bytes.NewReader(body))
	if err != nil {
		return 0, "", err.Error()
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return 0, "", err.Error()
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(io.LimitReader(answer.Body, 4096))
	if err != nil {
		return 0, "", err.Error()
	}
	return answer.StatusCode, answer.Header.Get("Retry-After"), fmt.Sprintf("status %d: %s", answer.StatusCode, said)
}

func main() {
	token, _ := io.ReadAll(os.Stdin)
	seconds, _ := strconv.Atoi(os.Args[4])
	until := time.Now().Add(time.Duration(seconds) * time.Second)
	if err := track(os.Args[1], strings.TrimSpace(string(token)), os.Args[2], os.Args[3], until); err != nil {
		fmt.Fprintln(os.Stderr, err)
		if errors.Is(err, errRefused) {
			os.Exit(1)
		}
		os.Exit(4)
	}
}
