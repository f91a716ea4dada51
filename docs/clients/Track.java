// Tells Verikeep of one token: POST /v1/verifications (docs/api.md). Java 17 or newer, nothing beside it.
//
// Never let a customer wait for this. Put the token into a table or queue of your own, in the transaction that keeps the order. A worker takes it from
// there and calls track: returned, the token is kept and the row is done; Refused, a person looks at the row; TimeoutException, it stays for the next round.
// VERIKEEP_URL is the address, VERIKEEP_KEY_FILE the file with the key. By hand: java Track.java APP ISSUED_AT REFERENCE SECONDS < token

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

public class Track {
    /** Repeating is no use. */
    public static class Refused extends Exception {
        Refused(String why) { super(why); }
    }

    // Follows no redirects unless told.
    private static final HttpClient CLIENT = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    public static void track(String app, String token, Instant issuedAt, String reference, Instant until) throws Exception {
        String key = Files.readString(Path.of(System.getenv("VERIKEEP_KEY_FILE"))).strip().split("\\s")[0];
        String body = String.format("{\"app\": %s, \"verify_token\": %s, \"issued_at\": \"%s\", \"reference\": %s}",
            quoted(app), quoted(token), issuedAt, quoted(reference));
        HttpRequest request = HttpRequest.newBuilder(URI.create(System.getenv("VERIKEEP_URL").replaceAll("/+$", "") + "/v1/verifications"))
            .header("Authorization", "Bearer " + key).header("Content-Type", "application/json").POST(BodyPublishers.ofString(body)).build();
        for (long pause = 1;; pause = Math.min(2 * pause, 60)) {
            long wait = pause;
            String why;
            try {
                HttpResponse<String> answer = CLIENT.sendAsync(request, BodyHandlers.ofString()).get(2, TimeUnit.SECONDS);
                int status = answer.statusCode();
                why = "status " + status + ": " + answer.body();
                if (status == 200 || status == 201) return;
                if (status != 408 && status != 429 && status < 500) throw new Refused(why);
                String after = answer.headers().firstValue("Retry-After").orElse("");
                if (after.matches("[0-9]{1,9}")) wait = Math.max(Long.parseLong(after), 1);
            } catch (TimeoutException late) {
                why = "no answer in 2 s";
            } catch (ExecutionException error) {
                why = error.getCause().toString();
            }
            if (!Instant.now().plusSeconds(wait).isBefore(until)) throw new TimeoutException(why);
            TimeUnit.SECONDS.sleep(wait);
        }
    }

    /** As JSON writes it. */
    private static String quoted(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (char c : text.toCharArray()) json.append(c < ' ' || c == '"' || c == '\\' ? String.format("\\u%04x", (int) c) : String.valueOf(c));
        return json.append('"').toString();
    }

    public static void main(String[] line) throws Exception {
        String token = new String(System.in.readAllBytes()).strip();
        try {
            track(line[0], token, Instant.parse(line[1]), line[2], Instant.now().plusSeconds(Long.parseLong(line[3])));
        } catch (Refused error) {
            System.err.println("refused: " + error.getMessage());
            System.exit(1);
        } catch (TimeoutException error) {
            System.err.println("nobody took it: " + error.getMessage());
            System.exit(4);
        }
    }
}
