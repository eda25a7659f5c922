package dev.nippush.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import dev.nippush.Vectors;
import dev.nippush.event.EventFormatException;
import dev.nippush.event.NostrEvent;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class Secp256k1Test {

    private static final String ORDER = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    private static final String FIELD = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f";

    private final Secp256k1 curve = Secp256k1.bouncyCastle();

    @Test
    void passesTheTableOfBip340() {
        List<String> lines =
                Vectors.publishedText("bip340/test-vectors.csv").lines().skip(1).toList();
        assertThat(lines).hasSizeGreaterThan(10);
        int signed = 0;
        for (String line : lines) {
            String[] columns = line.split(",", -1);
            byte[] publicKey = hex(columns[2]);
            byte[] message = hex(columns[4]);
            byte[] signature = hex(columns[5]);
            boolean valid = columns[6].equals("TRUE");
            assertThat(curve.verify(signature, message, publicKey)).as(line).isEqualTo(valid);
            if (!columns[1].isEmpty()) {
                byte[] secret = hex(columns[1]);
                assertThat(curve.publicKey(secret)).as(line).isEqualTo(publicKey);
                assertThat(curve.sign(message, secret, hex(columns[3])))
                        .as(line)
                        .isEqualTo(signature);
                signed++;
            }
        }
        assertThat(signed).isPositive();
    }

    @Test
    void acceptsGeneratedEvents() {
        assertThat(Vectors.made("events/valid_generated.jsonl"))
                .allSatisfy(vector -> assertThat(curve.verify(event(vector))).isTrue());
    }

    @Test
    void acceptsRealEvents() {
        assertThat(Vectors.published("events/valid_real.jsonl"))
                .allSatisfy(vector -> assertThat(curve.verify(event(vector))).isTrue());
    }

    @Test
    void refusesEveryInvalidEventThatReadsAndHashesWell() {
        int checked = 0;
        for (JsonObject vector : Vectors.made("events/invalid.jsonl")) {
            NostrEvent event;
            try {
                event = event(vector);
            } catch (EventFormatException e) {
                continue;
            }
            String code = vector.get("code").getAsString();
            if (event.hasValidId()) {
                // What is open (unknown fields, a far future) is a genuine event to us.
                boolean open = vector.get("action").getAsString().equals("policy");
                assertThat(curve.verify(event)).as("%s", vector.get("name")).isEqualTo(open);
                assertThat(open || code.equals("bad_sig") || code.equals("bad_pubkey"))
                        .isTrue();
                checked++;
            } else {
                assertThat(code).isEqualTo("bad_id");
            }
        }
        assertThat(checked).isGreaterThan(8);
    }

    private static NostrEvent event(JsonObject vector) {
        return vector.has("rawB64")
                ? NostrEvent.parse(
                        Base64.getDecoder().decode(vector.get("rawB64").getAsString()))
                : NostrEvent.parse(vector.get("raw").getAsString());
    }

    @Test
    void signsWhatItVerifies() {
        Random random = new Random(340);
        for (int round = 0; round < 200; round++) {
            byte[] secret = bytes(random, 32);
            byte[] message = bytes(random, random.nextInt(100));
            byte[] publicKey = curve.publicKey(secret);
            byte[] signature = curve.sign(message, secret, bytes(random, 32));
            assertThat(curve.verify(signature, message, publicKey)).isTrue();
            signature[random.nextInt(64)] ^= (byte) (1 << random.nextInt(8));
            assertThat(curve.verify(signature, message, publicKey)).isFalse();
        }
    }

    @Test
    void bothSidesShareOneX() {
        Random random = new Random(4);
        for (int round = 0; round < 100; round++) {
            byte[] one = bytes(random, 32);
            byte[] two = bytes(random, 32);
            assertThat(curve.sharedX(one, curve.publicKey(two)))
                    .hasSize(32)
                    .isEqualTo(curve.sharedX(two, curve.publicKey(one)));
        }
    }

    @Test
    void sharedXIsThatOfTheVectors() {
        for (String file : List.of("nip04/valid_generated.jsonl", "nip04/invalid.jsonl")) {
            for (JsonObject vector : Vectors.made(file)) {
                if (vector.has("sharedX")) {
                    assertThat(curve.sharedX(hex(text(vector, "sec")), hex(text(vector, "pub"))))
                            .isEqualTo(hex(text(vector, "sharedX")));
                }
            }
        }
    }

    @Test
    void theSmallestAndTheLargestSecretWork() {
        byte[] one = hex("0".repeat(63) + "1");
        byte[] last = hex(ORDER.replace("4141", "4140"));
        assertThat(curve.publicKey(one)).isEqualTo(curve.publicKey(last));
        byte[] other = curve.publicKey(hex("7".repeat(64)));
        assertThat(curve.sharedX(one, other)).isEqualTo(other);
        assertThat(curve.sharedX(last, other)).isEqualTo(other);
        assertThat(curve.verify(curve.sign(one, last, new byte[32]), one, curve.publicKey(last)))
                .isTrue();
    }

    @Test
    void hostileBytesAreNoSignatureAndNeverThrow() {
        byte[] secret = hex("5".repeat(64));
        byte[] publicKey = curve.publicKey(secret);
        byte[] message = new byte[32];
        byte[] signature = curve.sign(message, secret, new byte[32]);
        for (int length = 0; length < 70; length++) {
            assertThat(curve.verify(new byte[length], message, publicKey)).isFalse();
            assertThat(curve.verify(signature, message, new byte[length])).isFalse();
            assertThat(curve.verify(signature, new byte[length], publicKey)).isEqualTo(length == 32);
        }
        for (String part : List.of("0".repeat(64), ORDER, FIELD, "f".repeat(64), "0".repeat(63) + "1")) {
            for (String rest : List.of("0".repeat(64), ORDER, FIELD, "f".repeat(64), "0".repeat(63) + "1")) {
                assertThat(curve.verify(hex(part + rest), message, publicKey)).isFalse();
                assertThat(curve.verify(hex(part + rest), message, hex(part))).isFalse();
            }
        }
        Random random = new Random(99);
        for (int round = 0; round < 1_000; round++) {
            assertThat(curve.verify(bytes(random, 64), bytes(random, 32), bytes(random, 32)))
                    .isFalse();
        }
    }

    @Test
    void keysOutOfRangeAreRefused() {
        byte[] fine = hex("7".repeat(64));
        for (String bad : List.of("", "00", "0".repeat(64), ORDER, "f".repeat(64), "00" + "7".repeat(64))) {
            byte[] secret = hex(bad);
            assertThatThrownBy(() -> curve.publicKey(secret)).isInstanceOf(BadKeyException.class);
            assertThatThrownBy(() -> curve.sign(fine, secret, fine)).isInstanceOf(BadKeyException.class);
            assertThatThrownBy(() -> curve.sharedX(secret, curve.publicKey(fine)))
                    .isInstanceOf(BadKeyException.class);
        }
        // X = 5 has no point on the curve.
        for (String bad :
                List.of("", "0".repeat(64), "0".repeat(63) + "5", FIELD, "f".repeat(64), "02" + "7".repeat(64))) {
            assertThatThrownBy(() -> curve.sharedX(fine, hex(bad))).isInstanceOf(BadKeyException.class);
        }
        assertThatThrownBy(() -> curve.sign(fine, fine, new byte[0])).isInstanceOf(IllegalArgumentException.class);
    }

    private static String text(JsonObject vector, String key) {
        return vector.get(key).getAsString();
    }

    private static byte[] bytes(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] hex(String hex) {
        return HexFormat.of().parseHex(hex.toLowerCase(Locale.ROOT));
    }
}
