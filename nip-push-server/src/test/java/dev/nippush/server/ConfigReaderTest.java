package dev.nippush.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.nippush.address.Cidr;
import dev.nippush.address.Privacy;
import dev.nippush.address.RelayUrl;
import dev.nippush.server.ServerConfig.ApnsCertificate;
import dev.nippush.server.ServerConfig.ApnsEnvironment;
import dev.nippush.server.ServerConfig.ApnsTokenKey;
import dev.nippush.server.ServerConfig.LogLevel;
import dev.nippush.transport.PushLimit;
import dev.nippush.transport.RetryPolicy;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigReaderTest {

    @TempDir
    private Path directory;

    private Path file;
    private Path workingDirectory;

    @BeforeEach
    void placeFiles() throws IOException {
        Files.createDirectory(directory.resolve("etc"));
        file = directory.resolve("etc/nip-push.properties");
        workingDirectory = Files.createDirectory(directory.resolve("cwd"));
        Files.writeString(directory.resolve("etc/key.p8"), "x");
        Files.writeString(directory.resolve("cwd/other.p8"), "x");
    }

    @Test
    void nothingSaidGivesTheDocumentedDefaults() throws Exception {
        ServerConfig config = ConfigReader.read(Optional.empty(), Map.of("PATH", "/bin"), workingDirectory);

        assertThat(config.printing()).isTrue();
        assertThat(config.identity().keyFile()).isEmpty();
        assertThat(config.identity().dataDir()).isEqualTo(workingDirectory.resolve("nip-push-data"));
        assertThat(config.relays().home()).isEmpty();
        assertThat(config.listen().address()).isEqualTo(new HostPort("127.0.0.1", 7447));
        assertThat(config.listen().feeders()).containsExactly(Cidr.of("127.0.0.0/8"), Cidr.of("::1"));
        assertThat(config.listen().proxies()).isEmpty();
        assertThat(config.heartbeatTimeout()).isEqualTo(Duration.ofSeconds(150));
        assertThat(config.retryPolicy()).isEqualTo(RetryPolicy.standard());
        assertThat(config.language()).isEqualTo(Locale.ENGLISH);
        assertThat(config.apns()).isEmpty();
        assertThat(config.fcm()).isEmpty();
        assertThat(config.unifiedPush()).isPresent();
        assertThat(config.accountsPerDevice()).isEqualTo(1);
        assertThat(config.logLevel()).isEqualTo(LogLevel.INFO);
    }

    @Test
    void everyKeyIsReadFromAFile() throws Exception {
        ServerConfig config = read("""
                identity.key-file=key.p8
                data-dir=data
                relays.home=wss://One.example/, ws://two.example:7777
                relays.allow=relay.lan:7777, 10.0.0.0/8, fd00::/8, [::1]:7777, ::1
                listen=[::1]:0
                listen.feeders=192.0.2.1
                listen.proxies=10.0.0.0/8
                presence.heartbeat-timeout=2m
                delivery.retry-initial=10ms
                delivery.retry-max=1h
                delivery.lifetime=2d
                notification.language=DE
                apns.key-file=key.p8
                apns.key-id=KEY
                apns.team-id=TEAM
                apns.topics=com.example.one,com.example.two
                apns.environment=sandbox
                apns.server=localhost:2197
                apns.trusted-certificates=key.p8
                fcm.service-account-file=key.p8
                fcm.endpoint=http://localhost:8080
                fcm.privacy=sealed
                apns.privacy=Reference
                unifiedpush.privacy=wake
                delivery.device-burst=20
                delivery.device-interval=500ms
                unifiedpush.enabled=true
                unifiedpush.allow=ntfy.lan
                unifiedpush.trusted-certificates=key.p8
                unifiedpush.vapid-key-file=key.p8
                unifiedpush.vapid-contact=mailto:push@example.com
                devices.accounts-per-device=3
                log.level=debug
                """);

        Path key = directory.resolve("etc/key.p8");
        assertThat(config.printing()).isFalse();
        assertThat(config.identity().keyFile()).contains(key);
        assertThat(config.identity().dataDir()).isEqualTo(directory.resolve("etc/data"));
        assertThat(config.relays().home())
                .containsExactly(RelayUrl.of("wss://one.example"), RelayUrl.of("ws://two.example:7777"));
        assertThat(config.relays().allow())
                .containsExactly("relay.lan:7777", "10.0.0.0/8", "fd00::/8", "[::1]:7777", "::1");
        assertThat(config.listen().address()).isEqualTo(new HostPort("::1", 0));
        assertThat(config.listen().feeders()).containsExactly(Cidr.of("192.0.2.1"));
        assertThat(config.listen().proxies()).containsExactly(Cidr.of("10.0.0.0/8"));
        assertThat(config.heartbeatTimeout()).isEqualTo(Duration.ofMinutes(2));
        assertThat(config.retryPolicy())
                .isEqualTo(new RetryPolicy(Duration.ofMillis(10), Duration.ofHours(1), Duration.ofDays(2)));
        assertThat(config.language()).isEqualTo(Locale.GERMAN);
        ServerConfig.Apns apns = config.apns().orElseThrow();
        assertThat(apns.identity()).isEqualTo(new ApnsTokenKey(key, "KEY", "TEAM"));
        assertThat(apns.topics()).containsExactly("com.example.one", "com.example.two");
        assertThat(apns.environment()).isEqualTo(ApnsEnvironment.SANDBOX);
        assertThat(apns.server()).contains(new HostPort("localhost", 2197));
        assertThat(apns.trustedCertificates()).contains(key);
        assertThat(config.fcm())
                .contains(new ServerConfig.Fcm(key, Optional.of(URI.create("http://localhost:8080")), Privacy.SEALED));
        assertThat(config.unifiedPush())
                .contains(new ServerConfig.UnifiedPush(
                        List.of("ntfy.lan"),
                        Optional.of(key),
                        Optional.of(key),
                        Optional.of("mailto:push@example.com"),
                        Privacy.WAKE));
        assertThat(apns.privacy()).isEqualTo(Privacy.REFERENCE);
        assertThat(config.pushLimit()).isEqualTo(new PushLimit(20, Duration.ofMillis(500)));
        assertThat(config.accountsPerDevice()).isEqualTo(3);
        assertThat(config.logLevel()).isEqualTo(LogLevel.DEBUG);
    }

    @Test
    void theEnvironmentWinsOverTheFile() throws Exception {
        write("apns.key-file=key.p8\napns.key-id=FILE\napns.team-id=TEAM\napns.topics=a.b\nlog.level=warn\n");

        ServerConfig config = ConfigReader.read(
                Optional.of(file),
                Map.of(
                        "NIP_PUSH_APNS_KEY_ID", " ENV ",
                        "NIP_PUSH_APNS_KEY_FILE", "other.p8",
                        "NIP_PUSH_LOG_LEVEL", ""),
                workingDirectory);

        assertThat(config.apns().orElseThrow().identity())
                .as("a path in a variable starts from the working directory")
                .isEqualTo(new ApnsTokenKey(workingDirectory.resolve("other.p8"), "ENV", "TEAM"));
        assertThat(config.logLevel()).as("an empty variable says nothing").isEqualTo(LogLevel.WARN);
    }

    @Test
    void everyKeyHasAVariableOfItsOwn() {
        assertThat(ConfigKeys.ALL.stream().map(ConfigKey::variable).distinct()).hasSize(ConfigKeys.ALL.size());
        assertThat(ConfigKeys.APNS_KEY_ID.variable()).isEqualTo("NIP_PUSH_APNS_KEY_ID");
    }

    @Test
    void aTransportInTheEnvironmentAloneIsAConfiguration() throws Exception {
        ServerConfig config =
                ConfigReader.read(Optional.empty(), Map.of("NIP_PUSH_UNIFIEDPUSH_ENABLED", "true"), workingDirectory);

        assertThat(config.printing()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "apns.keyid,apns.key-id",
        "apns.key_id,apns.key-id",
        "APNS.KEY-ID,apns.key-id",
        "relay.home,relays.home",
        "heartbeat-timeout,presence.heartbeat-timeout",
        "log-level,log.level"
    })
    void anUnknownKeyNamesItsLineAndTheNearestKnownOne(String wrong, String near) throws Exception {
        assertThat(errors("# a comment\n" + wrong + "=1"))
                .containsExactly(file + ":2: unknown key " + wrong + "; the nearest known one is " + near);
    }

    @Test
    void anUnknownVariableNamesTheNearestKnownOne() {
        assertThatThrownBy(() ->
                        ConfigReader.read(Optional.empty(), Map.of("NIP_PUSH_APNS_KEYID", "secret"), workingDirectory))
                .isInstanceOf(ConfigException.class)
                .hasMessage("environment: unknown variable NIP_PUSH_APNS_KEYID; the nearest known one is"
                        + " NIP_PUSH_APNS_KEY_ID");
    }

    @Test
    void theVariablesThatKubernetesAddsForAServiceAreIgnored() throws Exception {
        ServerConfig config = ConfigReader.read(
                Optional.empty(),
                Map.of(
                        "NIP_PUSH_SERVICE_HOST", "10.0.0.1",
                        "NIP_PUSH_SERVICE_PORT_WS", "7447",
                        "NIP_PUSH_PORT", "tcp://10.0.0.1:7447",
                        "NIP_PUSH_PORT_7447_TCP_ADDR", "10.0.0.1"),
                workingDirectory);

        assertThat(config.printing()).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "presence.heartbeat-timeout | 999ms | must be from 1s to 365d",
                "notification.language | fr | must be one of: de, en, es",
                "notification.language | de-AT | must be one of: de, en, es",
                "presence.heartbeat-timeout | 150 | must be a whole number and ms, s, m, h or d, as 150s",
                "presence.heartbeat-timeout | 1.5m | must be a whole number and ms, s, m, h or d, as 150s",
                "presence.heartbeat-timeout | -5s | must be a whole number and ms, s, m, h or d, as 150s",
                "presence.heartbeat-timeout | 999999999999d | must be from 1s to 365d",
                "delivery.retry-initial | 9ms | must be from 10ms to 365d",
                "listen | 7447 | must be host:port, as 127.0.0.1:7447; an IPv6 address stands in brackets, as [::1]:7447",
                "listen | ::1:7447 | must be host:port, as 127.0.0.1:7447; an IPv6 address stands in brackets, as [::1]:7447",
                "listen | 127.0.0.1:65536 | the port must be a number from 0 to 65535",
                "listen | 127.0.0.1:x | the port must be a number from 0 to 65535",
                "listen.feeders | 127.0.0.1, relay.example | value 2 must be an IP address or address/bits, as 10.0.0.0/8",
                "relays.home | https://relay.example | value 1 must be a ws:// or wss:// URL of a relay",
                "relays.home | wss://a.example,,wss://b.example | value 2 must not be empty",
                "relays.allow | 10.0.0.0/33 | value 1 must be a host, host:port or address/bits; an IPv6 address is bare, with a port in brackets",
                "unifiedpush.enabled | yes | must be true or false",
                "unifiedpush.vapid-contact | push@example.com | must be a mailto: address or an https: URL",
                "unifiedpush.vapid-key-file | AxCrM-3vSuxuefiUFkiibakkHYZnvZbA2Y2Brw-eHR0 | must name a file that holds the key, not be the key",
                "devices.accounts-per-device | 0 | must be a whole number from 1 to 1000",
                "unifiedpush.privacy | all | must be one of: wake, minimal, sealed, reference",
                "delivery.device-burst | 0 | must be a whole number from 1 to 10000",
                "delivery.device-interval | 2h | must be from 1ms to 1h",
                "log.level | loud | must be one of: error, warn, info, debug, trace",
                "log.level | '' | has no value; remove the line, or comment it out with #"
            })
    void aBadValueNamesItsKeyAndLineAndWhatIsExpected(String key, String value, String expected) throws Exception {
        assertThat(errors("\n\n" + key + "=" + value)).containsExactly(file + ":3: " + key + ": " + expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "apns.environment=production | is not enough without apns.key-file, apns.key-id and apns.team-id, or apns.certificate-file",
                "apns.environment=production | is not enough without apns.topics",
                "fcm.endpoint=https://fcm.example | is not enough without fcm.service-account-file",
                "fcm.privacy=wake | is not enough without fcm.service-account-file",
                "apns.key-file=key.p8 | is not enough without apns.key-id and apns.team-id",
            })
    void anIncompleteGroupSaysWhatIsMissing(String line, String expected) throws Exception {
        assertThat(errors(line)).contains(file + ":1: " + line.substring(0, line.indexOf('=')) + ": " + expected);
    }

    @Test
    void aTokenKeyAndACertificateExcludeEachOther() throws Exception {
        assertThat(errors("apns.key-file=key.p8\napns.certificate-file=key.p8\napns.topics=a.b"))
                .containsExactly(file + ":2: apns.certificate-file: is there besides a token key; only one of the two"
                        + " can be used");
    }

    @Test
    void aCertificateAloneIsEnough() throws Exception {
        ServerConfig config = read("apns.certificate-file=key.p8\napns.topics=a.b");

        assertThat(config.apns().orElseThrow().identity())
                .isEqualTo(new ApnsCertificate(directory.resolve("etc/key.p8")));
    }

    @Test
    void aConfigurationWithoutAnyTransportIsRefused() throws Exception {
        assertThat(errors("unifiedpush.enabled=false"))
                .containsExactly(file + ":1: no transport is left: set unifiedpush.enabled=true, or configure apns.* or"
                        + " fcm.*");
    }

    @Test
    void aMaximumBelowTheInitialRetryIsRefused() throws Exception {
        assertThat(errors("delivery.retry-initial=20m"))
                .containsExactly(file
                        + ":1: delivery.retry-initial: delivery.retry-max (10m) is below delivery.retry-initial (20m)");
    }

    @Test
    void aKeyThatIsThereTwiceIsRefused() throws Exception {
        assertThat(errors("log.level=info\n\nlog.level=info"))
                .containsExactly(file + ":3: log.level: is there twice; the first time on line 1");
    }

    @Test
    void allThatIsWrongIsSaidAtOnce() throws Exception {
        assertThat(errors("log.level=loud\nlisten=x\nnonsense=1\n")).hasSize(3);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "identity.key-file=0000000000000000000000000000000000000000000000000000000000000001",
                "identity.key-file=nsec1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqsmhltgl",
                "apns.key-id=-----BEGIN 0000000000000001 KEY-----",
                "identity.key=0000000000000000000000000000000000000000000000000000000000000001"
            })
    void aSecretInTheWrongPlaceIsNotRepeated(String line) throws Exception {
        assertThat(errors(line)).noneMatch(error -> error.contains("0000000000000001") || error.contains("nsec1"));
    }

    @Test
    void aMissingFileIsNamed() throws Exception {
        assertThat(errors("identity.key-file=missing"))
                .containsExactly(file + ":1: identity.key-file: must name a file; there is none at "
                        + directory.resolve("etc/missing"));
    }

    @Test
    void theConfigurationItselfMustBeThere() {
        assertThatThrownBy(() -> ConfigReader.read(Optional.of(Path.of("none")), Map.of(), workingDirectory))
                .isInstanceOf(ConfigException.class)
                .hasMessage("none: there is no such file");
        assertThatThrownBy(() -> ConfigReader.read(Optional.of(directory), Map.of(), workingDirectory))
                .isInstanceOf(ConfigException.class);
    }

    @Test
    void aByteOrderMarkAndUtf8AreRead() throws Exception {
        Files.writeString(file, "\uFEFFdata-dir=d\u00e4ten\n", StandardCharsets.UTF_8);

        ServerConfig config = ConfigReader.read(Optional.of(file), Map.of(), workingDirectory);

        assertThat(config.identity().dataDir()).isEqualTo(directory.resolve("etc/d\u00e4ten"));
    }

    @Test
    void textThatIsNotUtf8NamesItsLine() throws Exception {
        Files.write(file, "log.level=info\ndata-dir=d\u00e4ten\n".getBytes(StandardCharsets.ISO_8859_1));

        assertThat(problems()).containsExactly(file + ":2: is not UTF-8");
    }

    @Test
    void garbageIsReportedInBounds() throws Exception {
        byte[] garbage = new byte[100_000];
        java.util.Arrays.fill(garbage, (byte) 'k');
        Files.write(file, garbage);
        assertThat(problems())
                .singleElement()
                .satisfies(problem -> assertThat(problem).hasSizeLessThan(500));

        Files.write(file, new byte[2_000_000]);
        assertThat(problems()).containsExactly(file + ": is larger than a configuration can be");
    }

    @Test
    void theExampleIsAConfigurationOnceItsCommentsAreRemoved() throws Exception {
        for (ConfigKey<?> key : ConfigKeys.ALL) {
            Path named = directory.resolve("etc").resolve(key.example());
            if (key.name().endsWith("-file") || key.name().endsWith("certificates")) {
                Files.createDirectories(named.getParent());
                Files.writeString(named, "x");
            }
        }
        String example = ConfigHelp.example().replaceAll("(?m)^#(?! )", "");
        String withoutAbsolute =
                example.replaceAll("(?m)^identity.key-file.*$", "").replaceAll("(?m)^apns.certificate-file.*$", "");

        ServerConfig config = read(withoutAbsolute);

        assertThat(config.apns()).isPresent();
        assertThat(config.fcm()).isPresent();
        assertThat(config.relays().home()).hasSize(2);
    }

    @Test
    void theExampleAsItStandsChangesNothing() throws Exception {
        ServerConfig config = read(ConfigHelp.example());

        assertThat(config.listen().address()).isEqualTo(new HostPort("127.0.0.1", 7447));
        assertThat(ConfigHelp.example().lines()).allMatch(line -> line.isEmpty() || line.startsWith("#"));
    }

    private void write(String text) throws IOException {
        Files.writeString(file, text);
    }

    private ServerConfig read(String text) throws Exception {
        write(text);
        return ConfigReader.read(Optional.of(file), Map.of(), workingDirectory);
    }

    private List<String> errors(String text) throws IOException {
        write(text);
        return problems();
    }

    private List<String> problems() {
        ConfigException failure = catchThrowableOfType(
                ConfigException.class, () -> ConfigReader.read(Optional.of(file), Map.of(), workingDirectory));
        assertThat(failure).as("a refused configuration").isNotNull();
        return failure.problems().stream()
                .map(ConfigException.Problem::toString)
                .toList();
    }
}
