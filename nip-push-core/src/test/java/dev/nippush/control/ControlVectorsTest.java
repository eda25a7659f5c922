package dev.nippush.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.nippush.Vectors;
import dev.nippush.address.AddressRule;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.control.ControlReader.Reading;
import dev.nippush.crypto.DecryptionException;
import dev.nippush.crypto.KeyPair;
import dev.nippush.crypto.Nip04;
import dev.nippush.event.NostrEvent;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The control messages that other implementations wrote, from the ciphertext to what they mean. */
class ControlVectorsTest {

    /** Found out before anything is decrypted; the functional tests of the engine hold these. */
    private static final Set<String> AT_THE_DOOR = Set.of("kind", "not_addressed", "bad_id", "stale");

    private static final KeyPair SERVER =
            KeyPair.ofHex("f83ccf7b91df027b6ae3ed0e6af8a85ab7463eb3cd30c395a6e61add07202df2");

    private final ControlReader reader = new ControlReader(
            ControlLimits.standard(),
            new DeviceAddressReader(List.of()),
            device -> true,
            AddressRule.strict()::permitsLiteral);

    static Stream<Arguments> decrypted() {
        return Vectors.made("control/control.jsonl").stream()
                .filter(line -> !AT_THE_DOOR.contains(reason(line)))
                .map(line -> Arguments.of(line.get("name").getAsString(), line));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("decrypted")
    void eachMessageMeansWhatItsAuthorsSay(String name, JsonObject line) throws Exception {
        NostrEvent event = NostrEvent.parse(line.get("event").getAsString());
        JsonObject expected = line.getAsJsonObject("expected");
        if (reason(line).equals("decrypt")) {
            assertThatThrownBy(() -> Nip04.decrypt(SERVER, event.pubkey(), event.content()))
                    .isInstanceOf(DecryptionException.class);
            return;
        }
        Reading reading = reader.read(Nip04.decrypt(SERVER, event.pubkey(), event.content()));

        switch (expected.get("type").getAsString()) {
            case "invalid" -> assertThat(reading).isEqualTo(new Reading.Refused(refusal(reason(line))));
            case "heartbeat" -> assertThat(message(reading)).isEqualTo(new ControlMessage.Heartbeat());
            case "offline" -> assertThat(message(reading)).isEqualTo(new ControlMessage.Offline());
            case "logout" -> assertThat(message(reading)).isEqualTo(new ControlMessage.Logout(Optional.empty()));
            case "settings" -> assertSettings((ControlMessage.Settings) message(reading), expected);
            default -> throw new AssertionError(expected);
        }
    }

    private static void assertSettings(ControlMessage.Settings settings, JsonObject expected) {
        assertThat(settings.device().map(DeviceAddress::text).orElse(""))
                .isEqualTo(
                        expected.get("deviceId").isJsonNull()
                                ? ""
                                : expected.get("deviceId").getAsString());
        assertThat(texts(settings.kinds())).isEqualTo(texts(expected, "kinds"));
        assertThat(texts(settings.relays())).isEqualTo(texts(expected, "relays"));
        assertThat(texts(settings.authors())).isEqualTo(texts(expected, "authors"));
        assertThat(texts(settings.e())).isEqualTo(texts(expected, "e"));
        assertThat(texts(settings.p())).isEqualTo(texts(expected, "p"));
        JsonElement online = expected.get("online");
        assertThat(settings.online())
                .isEqualTo(
                        online == null || online.isJsonNull()
                                ? Optional.empty()
                                : Optional.of(online.getAsString().equals("1")
                                        || online.getAsString().equals("true")));
    }

    private static <T> Optional<List<String>> texts(Optional<List<T>> values) {
        return values.map(list -> list.stream().map(Object::toString).toList());
    }

    private static Optional<List<String>> texts(JsonObject expected, String key) {
        return Optional.ofNullable(expected.get(key))
                .filter(JsonElement::isJsonArray)
                .map(JsonElement::getAsJsonArray)
                .map(JsonArray::asList)
                .map(list -> list.stream().map(JsonElement::getAsString).toList());
    }

    private static ControlMessage message(Reading reading) {
        assertThat(reading).isInstanceOf(Reading.Understood.class);
        return ((Reading.Understood) reading).message();
    }

    private static String reason(JsonObject line) {
        JsonElement reason = line.getAsJsonObject("expected").get("reason");
        return reason == null ? "" : reason.getAsString();
    }

    private static Refusal refusal(String code) {
        return Stream.of(Refusal.values())
                .filter(refusal -> refusal.code().equals(code))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void thereAreEnoughVectorsToProveSomething() {
        assertThat(decrypted()).hasSizeGreaterThan(50);
    }
}
