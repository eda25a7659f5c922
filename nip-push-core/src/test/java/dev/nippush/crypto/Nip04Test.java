package dev.nippush.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import dev.nippush.Vectors;
import dev.nippush.event.PublicKey;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class Nip04Test {

    /** Where the vectors leave the answer open, only these are read. */
    private static final Set<String> TAKEN = Set.of("b64-nopad");

    private static final KeyPair ALICE = KeyPair.ofHex("1".repeat(64));
    private static final KeyPair BOB = KeyPair.ofHex("2".repeat(64));

    static List<JsonObject> generated() {
        return Vectors.made("nip04/valid_generated.jsonl");
    }

    static List<JsonObject> invalid() {
        return Vectors.made("nip04/invalid.jsonl");
    }

    @ParameterizedTest
    @MethodSource("generated")
    void decryptsGeneratedTexts(JsonObject vector) {
        checkValid(vector);
    }

    @Test
    void decryptsPublishedTexts() {
        assertThat(Vectors.published("nip04/valid_published.jsonl"))
                .isNotEmpty()
                .allSatisfy(Nip04Test::checkValid);
    }

    private static void checkValid(JsonObject vector) {
        String expected = new String(Base64.getDecoder().decode(text(vector, "plaintextB64")), StandardCharsets.UTF_8);
        assertThat(decrypt(vector)).isEqualTo(expected);
    }

    @ParameterizedTest
    @MethodSource("invalid")
    void refusesInvalidTexts(JsonObject vector) {
        checkInvalid(vector);
    }

    @Test
    void refusesPublishedInvalidTexts() {
        assertThat(Vectors.published("nip04/invalid.jsonl")).isNotEmpty().allSatisfy(Nip04Test::checkInvalid);
    }

    private static void checkInvalid(JsonObject vector) {
        String name = text(vector, "name");
        if (text(vector, "action").equals("policy") && TAKEN.contains(name)) {
            assertThat(decrypt(vector)).isNotEmpty();
        } else if (PublicKey.isValid(text(vector, "pub"))) {
            assertThatThrownBy(() -> decrypt(vector))
                    .isInstanceOf(DecryptionException.class)
                    .hasMessage("cannot be decrypted")
                    .hasNoCause();
        } else {
            assertThatThrownBy(() -> decrypt(vector)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    private static String decrypt(JsonObject vector) {
        return Nip04.decrypt(
                KeyPair.ofHex(text(vector, "sec")), PublicKey.ofHex(text(vector, "pub")), text(vector, "content"));
    }

    private static String text(JsonObject vector, String key) {
        return vector.get(key).getAsString();
    }

    @Test
    void bothSidesReadWhatEitherWrote() {
        Random random = new Random(44);
        for (int length = 0; length < 70; length++) {
            String plaintext = random.ints(length, 0, 0xd800)
                    .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                    .toString();
            String content = Nip04.encrypt(ALICE, BOB.publicKey(), plaintext);
            assertThat(Nip04.decrypt(BOB, ALICE.publicKey(), content)).isEqualTo(plaintext);
            assertThat(Nip04.decrypt(ALICE, BOB.publicKey(), content)).isEqualTo(plaintext);
        }
    }

    @Test
    void theSameTextIsNeverEncryptedTheSame() {
        assertThat(Nip04.encrypt(ALICE, BOB.publicKey(), "x")).isNotEqualTo(Nip04.encrypt(ALICE, BOB.publicKey(), "x"));
    }

    @Test
    void aTextThatUtf8CannotHoldIsNotEncrypted() {
        assertThatThrownBy(() -> Nip04.encrypt(ALICE, BOB.publicKey(), "\ud800"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "?iv=", "x", "????", "?iv=?iv=", "AAAA?iv=AAAA", "\ud800?iv=\ud800"})
    void anyTextIsAnswered(String content) {
        assertThatThrownBy(() -> Nip04.decrypt(ALICE, BOB.publicKey(), content))
                .isInstanceOf(DecryptionException.class);
    }

    @Test
    void aKeyOffTheCurveDecryptsNothingAndEncryptsNothing() {
        PublicKey nobody = PublicKey.ofHex("0".repeat(63) + "5");
        String content = Nip04.encrypt(ALICE, BOB.publicKey(), "x");
        assertThatThrownBy(() -> Nip04.decrypt(ALICE, nobody, content)).isInstanceOf(DecryptionException.class);
        assertThatThrownBy(() -> Nip04.encrypt(ALICE, nobody, "x")).isInstanceOf(BadKeyException.class);
    }
}
