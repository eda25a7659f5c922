package dev.nippush.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EncryptedContentTest {

    private static final byte[] SALT = new byte[16];
    private static final byte[] MATERIAL = "material".getBytes(StandardCharsets.US_ASCII);

    @Test
    void publishedContentIsDecryptedAlsoInSeveralRecords() throws Exception {
        for (JsonObject vector : Vectors.published("webpush/rfc8188.jsonl")) {
            EncryptedContent content = EncryptedContent.read(bytes(vector, "body"));

            assertThat(content.salt()).isEqualTo(bytes(vector, "salt"));
            assertThat(content.recordBytes()).isEqualTo(vector.get("rs").getAsLong());
            assertThat(new String(content.keyId(), StandardCharsets.UTF_8))
                    .isEqualTo(vector.get("keyid").getAsString());
            assertThat(content.decrypt(bytes(vector, "ikm"))).isEqualTo(bytes(vector, "plaintext"));
        }
    }

    @Test
    void publishedContentThatWasChangedAnywhereIsRefused() throws Exception {
        for (JsonObject vector : Vectors.published("webpush/rfc8188.jsonl")) {
            byte[] body = bytes(vector, "body");
            for (int i = 0; i < body.length; i++) {
                byte[] changed = body.clone();
                changed[i] ^= (byte) 0x40;
                // The size of records says little where there is one, and the key id is a name; neither is protected.
                if (i < 16 || i > 20 + body[20]) {
                    assertRefused(changed, bytes(vector, "ikm"));
                }
            }
            for (int length = 0; length < body.length; length++) {
                assertRefused(Arrays.copyOf(body, length), bytes(vector, "ikm"));
            }
        }
    }

    @Test
    void recordsOfAnyNumberAndPaddingAreJoined() throws Exception {
        assertThat(EncryptedContent.read(content(25, "616201", "6302")).decrypt(MATERIAL))
                .isEqualTo("abc".getBytes(StandardCharsets.US_ASCII));
        assertThat(EncryptedContent.read(content(25, "02")).decrypt(MATERIAL)).isEmpty();
        assertThat(EncryptedContent.read(content(25, "61010000", "020000")).decrypt(MATERIAL))
                .isEqualTo("a".getBytes(StandardCharsets.US_ASCII));
    }

    @ParameterizedTest
    @CsvSource({
        "the only record says that more follow, 616201",
        "no delimiter but zeros, 000000",
        "another delimiter, 616203",
        "no delimiter, ''",
    })
    void lastRecordWithoutItsDelimiterIsRefused(String why, String padded) throws Exception {
        byte[] body = content(25, padded);

        assertThatThrownBy(() -> EncryptedContent.read(body).decrypt(MATERIAL))
                .as(why)
                .isInstanceOf(GeneralSecurityException.class);
    }

    @Test
    void recordBehindTheLastOneIsRefused() throws Exception {
        assertRefused(content(25, "616202", "6302"), MATERIAL);
    }

    @Test
    void recordsInAnotherOrderAreRefused() throws Exception {
        byte[] body = content(25, "616101", "626201", "6302");
        byte[] swapped = body.clone();
        System.arraycopy(body, 21, swapped, 46, 25);
        System.arraycopy(body, 46, swapped, 21, 25);

        assertRefused(swapped, MATERIAL);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 16, 17})
    void recordsTooSmallToHoldAnythingAreRefused(int recordBytes) {
        byte[] body = new byte[64];
        body[19] = (byte) recordBytes;

        assertThatThrownBy(() -> EncryptedContent.read(body)).hasMessage("records of " + recordBytes + " bytes");
    }

    @Test
    void recordsOfFourGigabytesAreRefusedWithoutMakingRoomForThem() {
        byte[] body = new byte[64];
        Arrays.fill(body, 16, 20, (byte) 0xff);

        assertRefused(body, MATERIAL);
    }

    private static void assertRefused(byte[] body, byte[] material) {
        assertThatThrownBy(() -> EncryptedContent.read(body).decrypt(material))
                .isInstanceOf(GeneralSecurityException.class);
    }

    /** Encrypts records, filling all but the last with zeros up to their full length. */
    private static byte[] content(int recordBytes, String... padded) throws GeneralSecurityException {
        byte[] body = new byte[21];
        body[19] = (byte) recordBytes;
        byte[] prk = EncryptedContent.hmac(SALT, MATERIAL);
        byte[] key = Arrays.copyOf(
                EncryptedContent.hmac(prk, "Content-Encoding: aes128gcm\0\1".getBytes(StandardCharsets.US_ASCII)), 16);
        byte[] nonce = Arrays.copyOf(
                EncryptedContent.hmac(prk, "Content-Encoding: nonce\0\1".getBytes(StandardCharsets.US_ASCII)), 12);
        for (int i = 0; i < padded.length; i++) {
            byte[] text = HexFormat.of().parseHex(padded[i]);
            byte[] of = nonce.clone();
            of[11] ^= (byte) i;
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, of));
            byte[] record = cipher.doFinal(i < padded.length - 1 ? Arrays.copyOf(text, recordBytes - 16) : text);
            int end = body.length;
            body = Arrays.copyOf(body, end + record.length);
            System.arraycopy(record, 0, body, end, record.length);
        }
        return body;
    }

    private static byte[] bytes(JsonObject vector, String name) {
        return Base64.getUrlDecoder().decode(vector.get(name).getAsString());
    }
}
