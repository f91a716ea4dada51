<?php
// Tells Verikeep of one token: POST /v1/verifications (docs/api.md). PHP 8 with its extension curl, nothing beside them.
//
// Never let a customer wait for this. Put the token into a table or queue of your own, in the transaction that keeps the order. A worker takes it from
// there and calls track: returned, the token is kept and the row is done; Refused, a person looks at the row; NobodyAnswered, it stays for the next round.
// VERIKEEP_URL is the address, VERIKEEP_KEY_FILE the file with the key. By hand: php track.php APP ISSUED_AT REFERENCE SECONDS < token

class Refused extends Exception {} // Repeating is no use.
class NobodyAnswered extends Exception {}

function track(
    string $app,
    #[\SensitiveParameter] string $token,
    string $issued_at,
    string $reference,
    int $until
): void {
    $url = rtrim(getenv('VERIKEEP_URL') ?: throw new LogicException('VERIKEEP_URL is not set'), '/') . '/v1/verifications';
    $text = file_get_contents(getenv('VERIKEEP_KEY_FILE') ?: throw new LogicException('VERIKEEP_KEY_FILE is not set'));
    $key = strtok((string) $text, " \t\r\n") ?: throw new LogicException('the file of VERIKEEP_KEY_FILE holds no key');
    $fields = ['app' => $app, 'verify_token' => $token, 'issued_at' => $issued_at, 'reference' => $reference];
    $body = json_encode($fields, JSON_THROW_ON_ERROR);
    for ($pause = 1;; $pause = min(2 * $pause, 60)) {
        $wait = $pause;
        $curl = curl_init($url);
        curl_setopt_array($curl, [
            CURLOPT_POSTFIELDS => $body,
            CURLOPT_HTTPHEADER => ["Authorization: Bearer $key", 'Content-Type: application/json'],
            CURLOPT_TIMEOUT => 2,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_HEADERFUNCTION => function ($curl, $line) use (&$wait) {
                if (preg_match('/^retry-after: *(\d+)\s*$/i', $line, $found)) {
                    $wait = max((int) $found[1], 1);
                }
                return strlen($line);
            },
        ]);
        $answer = curl_exec($curl);
        $status = $answer === false ? 0 : curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
        $why = $answer === false ? curl_error($curl) : "status $status: " . substr($answer, 0, 4096);
        if ($status === 200 || $status === 201) {
            return;
        }
        if (!in_array($status, [0, 408, 429], true) && $status < 500) {
            throw new Refused($why);
        }
        if (time() + $wait >= $until) {
            throw new NobodyAnswered($why);
        }
        sleep($wait);
    }
}

if (realpath($_SERVER['SCRIPT_FILENAME']) === __FILE__) {
    try {
        [, $app, $issued_at, $reference, $seconds] = $argv;
        track($app, trim(stream_get_contents(STDIN)), $issued_at, $reference, time() + (int) $seconds);
    } catch (Refused $error) {
        fwrite(STDERR, "refused: {$error->getMessage()}\n");
        exit(1);
    } catch (NobodyAnswered $error) {
        fwrite(STDERR, "nobody took it: {$error->getMessage()}\n");
        exit(4);
    }
}
