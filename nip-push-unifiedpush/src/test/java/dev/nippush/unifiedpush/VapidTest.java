package dev.nippush.unifiedpush;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nippush.testkit.VapidToken;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.Optional;
import okhttp3.HttpUrl;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VapidTest {

    private static final String CONTACT = "mailto:push@example.com";

    private final VapidKey key = VapidKey.generate();
    private final Hands clock = new Hands(Instant.parse("2026-11-22T12:00:00Z"));
    private final Vapid vapid = new Vapid(key, Optional.of(CONTACT), clock);

    @Test
    void tokenSaysWhoSendsWhereAndUntilWhen() {
        VapidToken token = VapidToken.read(authorization("https://push.example.com/wp/1?x=1"));

        assertThat(token)
                .isEqualTo(new VapidToken(
                        key.applicationServerKey(),
                        "https://push.example.com",
                        Instant.parse("2026-11-23T00:00:00Z"),
                        Optional.of(CONTACT)));
    }

    @Test
    void tokenIsThatOfTheStandardToTheLetter() {
        String authorization = authorization("https://push.example.com/wp/1");

        assertThat(authorization).matches("vapid t=[\\w-]+\\.[\\w-]+\\.[\\w-]{86}, k=[\\w-]{87}");
        String[] parts = authorization.split("[= .,]");
        assertThat(text(parts[2])).isEqualTo("{\"typ\":\"JWT\",\"alg\":\"ES256\"}");
        assertThat(text(parts[3]))
                .isEqualTo("{\"aud\":\"https://push.example.com\",\"exp\":1795392000,\"sub\":\"" + CONTACT + "\"}");
    }

    @Test
    void senderWithoutContactNamesNone() {
        Vapid anonymous = new Vapid(key, Optional.empty(), clock);

        assertThat(VapidToken.read(anonymous.authorization(HttpUrl.get("https://push.example.com/")))
                        .contact())
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "https://push.example.com/a, https://push.example.com",
        "https://push.example.com:443/a, https://push.example.com",
        "https://push.example.com:8443/a, https://push.example.com:8443",
        "https://PUSH.example.com/a, https://push.example.com",
        "https://b\u00fccher.example/a, https://xn--bcher-kva.example",
        "https://[2001:DB8::1]/a, https://[2001:db8::1]",
        "https://[2001:db8::1]:8443/a, https://[2001:db8::1]:8443",
        "https://192.0.2.1/a, https://192.0.2.1",
    })
    void audienceIsTheOriginOfTheEndpoint(String endpoint, String origin) {
        assertThat(VapidToken.read(authorization(endpoint)).audience()).isEqualTo(origin);
    }

    @Test
    void tokenOfAnOriginIsUsedUntilItIsNearItsEnd() {
        String first = authorization("https://push.example.com/a");

        clock.advance(Duration.ofHours(11));
        assertThat(authorization("https://push.example.com/b")).isEqualTo(first);
        assertThat(authorization("https://other.example.com/a")).isNotEqualTo(first);

        clock.advance(Duration.ofSeconds(1));
        String second = authorization("https://push.example.com/a");
        assertThat(second).isNotEqualTo(first);
        assertThat(VapidToken.read(second).expiresAt()).isEqualTo(Instant.parse("2026-11-23T11:00:01Z"));
    }

    @Test
    void tokenOfAClockThatWasSetBackIsNotUsed() {
        authorization("https://push.example.com/a");

        clock.advance(Duration.ofDays(-3));

        assertThat(VapidToken.read(authorization("https://push.example.com/a")).expiresAt())
                .isEqualTo(Instant.parse("2026-11-20T00:00:00Z"));
    }

    @Test
    void thousandOriginsAreKeptAndTheOneThatWasNotUsedLongestGivesWay() {
        String first = authorization("https://first.example.com/");
        String second = authorization("https://second.example.com/");
        for (int i = 0; i < Vapid.MAX_ORIGINS - 2; i++) {
            authorization("https://h" + i + ".example.com/");
        }
        assertThat(authorization("https://first.example.com/")).isEqualTo(first);

        authorization("https://one-more.example.com/");

        assertThat(authorization("https://first.example.com/")).isEqualTo(first);
        assertThat(authorization("https://second.example.com/")).isNotEqualTo(second);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mailto:push@example.com",
                "mailto:o'neil+push@example.com",
                "https://example.com/contact",
                "https://example.com"
            })
    void contactIsAnAddressOrAUrl(String contact) {
        assertThat(Vapid.checkedContact(contact)).isEqualTo(contact);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "push@example.com",
                "mailto:",
                "mailto:push",
                "mailto:push@",
                "mailto:a b@example.com",
                "mailto:\"a\"@example.com",
                "https://",
                "http://example.com",
                "https://example.com/\u00e9",
                "https://example.com/\n",
                "https://example.com/\\"
            })
    void otherContactsAreRefused(String contact) {
        assertThatThrownBy(() -> Vapid.checkedContact(contact)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void contactHasAnEnd() {
        assertThatThrownBy(() -> Vapid.checkedContact("https://example.com/" + "x".repeat(240)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private String authorization(String endpoint) {
        return vapid.authorization(HttpUrl.get(endpoint));
    }

    private static String text(String base64) {
        return new String(Base64.getUrlDecoder().decode(base64), StandardCharsets.UTF_8);
    }

    /** A clock that is set by hand. */
    private static final class Hands extends Clock {

        private Instant now;

        Hands(Instant now) {
            this.now = now;
        }

        void advance(Duration by) {
            now = now.plus(by);
        }

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException();
        }
    }
}
