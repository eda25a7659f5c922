package dev.nippush.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.nippush.Vectors;
import dev.nippush.crypto.Nip44.MessageKeys;
import dev.nippush.event.PublicKey;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class Nip44Test {

    private static final String PUBLISHED = "nip44/nip44.vectors.json";
    private static final HexFormat HEX = HexFormat.of();

    private static final KeyPair ALICE = KeyPair.ofHex("1".repeat(64));
    private static final KeyPair BOB = KeyPair.ofHex("2".repeat(64));

    static List<JsonObject> generated() {
        return Vectors.made("nip44/valid_generated.jsonl");
    }

    static List<JsonObject> invalid() {
        return Vectors.made("nip44/invalid.jsonl");
    }

    @ParameterizedTest
    @MethodSource("generated")
    void writesAndReadsWhatAnotherImplementationDoes(JsonObject vector) {
        KeyPair mine = key(vector, "sec");
        KeyPair theirs = key(vector, "otherSec");
        String plaintext = vector.has("unit")
                ? text(vector, "unit").repeat(vector.get("repeat").getAsInt())
                : new String(Base64.getDecoder().decode(text(vector, "plaintextB64")), StandardCharsets.UTF_8);

        assertThat(theirs.publicKey().hex()).isEqualTo(text(vector, "pub"));
        assertThat(Nip44.conversationKey(mine, theirs.publicKey())).isEqualTo(bytes(vector, "conversationKey"));
        String payload = Nip44.encrypt(mine.with(always(bytes(vector, "nonce"))), theirs.publicKey(), plaintext);
        if (vector.has("payload")) {
            assertThat(payload).isEqualTo(text(vector, "payload"));
        } else {
            assertThat(payload).hasSize(vector.get("payloadLength").getAsInt());
            assertThat(sha256(payload)).isEqualTo(text(vector, "payloadSha256"));
        }
        assertThat(Nip44.decrypt(theirs, mine.publicKey(), payload)).isEqualTo(plaintext);
        assertThat(Nip44.decrypt(mine, theirs.publicKey(), payload)).isEqualTo(plaintext);
    }

    @ParameterizedTest
    @MethodSource("invalid")
    void refusesInvalidPayloads(JsonObject vector) {
        assertThatThrownBy(() -> Nip44.decrypt(
                        key(vector, "sec"), PublicKey.ofHex(text(vector, "pub")), text(vector, "payload")))
                .isInstanceOf(DecryptionException.class)
                .hasNoCause();
    }

    @Test
    void derivesThePublishedConversationKeys() {
        assertThat(published("valid", "get_conversation_key"))
                .hasSize(25)
                .allSatisfy(vector -> assertThat(
                                Nip44.conversationKey(key(vector, "sec1"), PublicKey.ofHex(text(vector, "pub2"))))
                        .isEqualTo(bytes(vector, "conversation_key")));
    }

    @Test
    void refusesThePublishedBadKeys() {
        assertThat(published("invalid", "get_conversation_key"))
                .hasSize(6)
                .allSatisfy(vector -> assertThatThrownBy(
                                () -> Nip44.conversationKey(key(vector, "sec1"), PublicKey.ofHex(text(vector, "pub2"))))
                        .isInstanceOf(BadKeyException.class));
    }

    @Test
    void derivesThePublishedMessageKeys() {
        JsonObject group = publishedGroup("valid").getAsJsonObject("get_message_keys");
        byte[] conversationKey = bytes(group, "conversation_key");

        assertThat(objects(group.get("keys"))).hasSize(23).allSatisfy(vector -> {
            MessageKeys keys = MessageKeys.of(conversationKey, bytes(vector, "nonce"));
            assertThat(keys.chacha()).isEqualTo(bytes(vector, "chacha_key"));
            assertThat(keys.chachaNonce()).isEqualTo(bytes(vector, "chacha_nonce"));
            assertThat(keys.mac()).isEqualTo(bytes(vector, "hmac_key"));
        });
    }

    @Test
    void padsToThePublishedLengths() {
        assertThat(publishedGroup("valid").getAsJsonArray("calc_padded_len"))
                .hasSize(17)
                .allSatisfy(pair -> assertThat(
                                Nip44.paddedLength(pair.getAsJsonArray().get(0).getAsInt()))
                        .isEqualTo(pair.getAsJsonArray().get(1).getAsInt()));
    }

    @Test
    void writesAndReadsThePublishedPayloads() {
        assertThat(published("valid", "encrypt_decrypt")).hasSize(7).allSatisfy(vector -> {
            KeyPair first = key(vector, "sec1");
            KeyPair second = key(vector, "sec2");
            assertThat(Nip44.conversationKey(first, second.publicKey())).isEqualTo(bytes(vector, "conversation_key"));
            assertThat(Nip44.conversationKey(second, first.publicKey())).isEqualTo(bytes(vector, "conversation_key"));
            assertThat(Nip44.encrypt(
                            first.with(always(bytes(vector, "nonce"))), second.publicKey(), text(vector, "plaintext")))
                    .isEqualTo(text(vector, "payload"));
            assertThat(Nip44.decrypt(second, first.publicKey(), text(vector, "payload")))
                    .isEqualTo(text(vector, "plaintext"));
        });
    }

    @Test
    void writesAndReadsThePublishedLongPayloads() {
        assertThat(published("valid", "encrypt_decrypt_long_msg")).isNotEmpty().allSatisfy(vector -> {
            String plaintext =
                    text(vector, "pattern").repeat(vector.get("repeat").getAsInt());
            assertThat(sha256(plaintext)).isEqualTo(text(vector, "plaintext_sha256"));
            byte[] conversationKey = bytes(vector, "conversation_key");
            String payload = Nip44.encrypt(conversationKey, bytes(vector, "nonce"), plaintext);
            assertThat(sha256(payload)).isEqualTo(text(vector, "payload_sha256"));
            assertThat(Nip44.decrypt(conversationKey, payload)).isEqualTo(plaintext);
        });
    }

    @Test
    void refusesToWriteThePublishedLengths() {
        assertThat(publishedGroup("invalid").getAsJsonArray("encrypt_msg_lengths"))
                .hasSize(3)
                .allSatisfy(length -> assertThatThrownBy(
                                () -> Nip44.encrypt(ALICE, BOB.publicKey(), "x".repeat(length.getAsInt())))
                        .isInstanceOf(IllegalArgumentException.class));
    }

    @Test
    void refusesThePublishedInvalidPayloads() {
        assertThat(published("invalid", "decrypt"))
                .hasSize(9)
                .allSatisfy(vector -> assertThatThrownBy(
                                () -> Nip44.decrypt(bytes(vector, "conversation_key"), text(vector, "payload")))
                        .isInstanceOf(DecryptionException.class)
                        .hasMessage(
                                text(vector, "note").startsWith("unknown encryption version")
                                        ? "the version of the encryption is not supported"
                                        : "cannot be decrypted"));
    }

    @Test
    void everyLengthOfTheNipIsReadBack() {
        byte[] conversationKey = Nip44.conversationKey(ALICE, BOB.publicKey());
        for (int length = 1; length <= Nip44.MAX_BYTES; length += length < 600 ? 1 : 677) {
            String plaintext = "x".repeat(length);
            String payload = Nip44.encrypt(conversationKey, ALICE.randomBytes(32), plaintext);
            assertThat(Nip44.decrypt(conversationKey, payload)).isEqualTo(plaintext);
        }
    }

    @Test
    void bytesAreCountedNotLetters() {
        PublicKey bob = BOB.publicKey();

        assertThat(Nip44.decrypt(BOB, ALICE.publicKey(), Nip44.encrypt(ALICE, bob, "€".repeat(21_845))))
                .hasSize(21_845);
        assertThatThrownBy(() -> Nip44.encrypt(ALICE, bob, "€".repeat(21_845) + "x"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theSameTextIsNeverEncryptedTheSame() {
        assertThat(Nip44.encrypt(ALICE, BOB.publicKey(), "x")).isNotEqualTo(Nip44.encrypt(ALICE, BOB.publicKey(), "x"));
    }

    @Test
    void aTextThatUtf8CannotHoldIsNotEncrypted() {
        assertThatThrownBy(() -> Nip44.encrypt(ALICE, BOB.publicKey(), "\ud800"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aKeyOffTheCurveDecryptsNothingAndEncryptsNothing() {
        PublicKey nobody = PublicKey.ofHex("0".repeat(63) + "5");
        String payload = Nip44.encrypt(ALICE, BOB.publicKey(), "x");

        assertThatThrownBy(() -> Nip44.decrypt(ALICE, nobody, payload)).isInstanceOf(DecryptionException.class);
        assertThatThrownBy(() -> Nip44.encrypt(ALICE, nobody, "x")).isInstanceOf(BadKeyException.class);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 128, 131, 133, 87_471, 87_473, 87_476, 10_000_000})
    void payloadOfAnImpossibleLengthCostsNoMultiplication(int length) {
        KeyPair counting = ALICE.with(new NoCurve());

        assertThatThrownBy(() -> Nip44.decrypt(counting, BOB.publicKey(), "A".repeat(length)))
                .isInstanceOf(DecryptionException.class);
    }

    @Test
    void everyChangeOfAPayloadIsRefused() {
        String payload = Nip44.encrypt(ALICE, BOB.publicKey(), "a text that is longer than one block of padding");
        byte[] conversationKey = Nip44.conversationKey(ALICE, BOB.publicKey());
        byte[] right = Base64.getDecoder().decode(payload);
        for (int bit = 0; bit < 8 * right.length; bit++) {
            byte[] changed = right.clone();
            changed[bit / 8] ^= (byte) (1 << bit % 8);
            String text = Base64.getEncoder().encodeToString(changed);
            assertThatThrownBy(() -> Nip44.decrypt(conversationKey, text)).isInstanceOf(DecryptionException.class);
        }
    }

    @Test
    void anyTextIsAnswered() {
        Random random = new Random(44);
        byte[] conversationKey = Nip44.conversationKey(ALICE, BOB.publicKey());
        String payload = Nip44.encrypt(conversationKey, new byte[32], "hello ".repeat(30));
        for (int i = 0; i < 20_000; i++) {
            String text = hostile(random, payload);
            assertThatThrownBy(() -> Nip44.decrypt(conversationKey, text))
                    .as(text)
                    .isInstanceOf(DecryptionException.class);
        }
    }

    /** A text that is no payload: noise, or a payload with some of its characters changed, cut or doubled. */
    private static String hostile(Random random, String payload) {
        StringBuilder text = new StringBuilder();
        switch (random.nextInt(3)) {
            case 0 -> random.ints(random.nextInt(400), 0, 0x10000).forEach(c -> text.append((char) c));
            case 1 -> {
                byte[] noise = new byte[random.nextInt(300)];
                random.nextBytes(noise);
                if (noise.length > 0 && random.nextBoolean()) {
                    noise[0] = 2;
                }
                text.append(Base64.getEncoder().encodeToString(noise));
            }
            default -> {
                int at = random.nextInt(payload.length());
                char other = (char) (random.nextBoolean() ? random.nextInt(0x80) : random.nextInt(0x10000));
                text.append(payload);
                switch (random.nextInt(3)) {
                    case 0 -> text.setCharAt(at, other == payload.charAt(at) ? '?' : other);
                    case 1 -> text.delete(at, at + 1 + random.nextInt(payload.length() - at));
                    default -> text.insert(at, payload, 0, 1 + random.nextInt(payload.length()));
                }
            }
        }
        return text.toString();
    }

    private static JsonObject publishedGroup(String name) {
        return JsonParser.parseString(Vectors.publishedText(PUBLISHED))
                .getAsJsonObject()
                .getAsJsonObject("v2")
                .getAsJsonObject(name);
    }

    private static List<JsonObject> published(String group, String name) {
        return objects(publishedGroup(group).get(name));
    }

    private static List<JsonObject> objects(JsonElement array) {
        return StreamSupport.stream(array.getAsJsonArray().spliterator(), false)
                .map(JsonElement::getAsJsonObject)
                .toList();
    }

    private static String text(JsonObject vector, String key) {
        return vector.get(key).getAsString();
    }

    private static byte[] bytes(JsonObject vector, String key) {
        return HEX.parseHex(text(vector, key));
    }

    private static KeyPair key(JsonObject vector, String name) {
        return KeyPair.ofHex(text(vector, name));
    }

    private static String sha256(String text) {
        try {
            return HEX.formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private static SecureRandom always(byte[] bytes) {
        return new Fixed(bytes);
    }

    /** Gives the same bytes each time. */
    private static final class Fixed extends SecureRandom {

        private static final long serialVersionUID = 1L;

        private final byte[] fixed;

        Fixed(byte[] fixed) {
            this.fixed = fixed;
        }

        @Override
        public void nextBytes(byte[] bytes) {
            assertThat(bytes).hasSameSizeAs(fixed);
            System.arraycopy(fixed, 0, bytes, 0, bytes.length);
        }
    }

    /** A curve that nobody may multiply on. */
    private static final class NoCurve implements Secp256k1 {

        private final Secp256k1 curve = Secp256k1.bouncyCastle();

        @Override
        public boolean verify(byte[] signature64, byte[] message, byte[] publicKeyX32) {
            return curve.verify(signature64, message, publicKeyX32);
        }

        @Override
        public byte[] sign(byte[] message, byte[] secretKey32, byte[] auxRand32) {
            return curve.sign(message, secretKey32, auxRand32);
        }

        @Override
        public byte[] publicKey(byte[] secretKey32) {
            return curve.publicKey(secretKey32);
        }

        @Override
        public byte[] sharedX(byte[] secretKey32, byte[] publicKeyX32) {
            throw new AssertionError("multiplied");
        }
    }
}
