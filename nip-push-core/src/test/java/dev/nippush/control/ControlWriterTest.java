package dev.nippush.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.address.RelayUrl;
import dev.nippush.control.ControlReader.Reading;
import dev.nippush.crypto.KeyPair;
import dev.nippush.crypto.Nip04;
import dev.nippush.crypto.Secp256k1;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ControlWriterTest {

    private static final Instant AT = Instant.ofEpochMilli(1_700_000_000_999L);
    private static final String TOKEN = "a1".repeat(32);

    private final KeyPair user = KeyPair.generate();
    private final KeyPair server = KeyPair.generate();
    private final ControlWriter writer = new ControlWriter(user, server.publicKey());
    private final ControlReader reader = new ControlReader(
            ControlLimits.standard(), new DeviceAddressReader(List.of()), device -> true, relay -> true);

    private ControlMessage read(NostrEvent event) throws Exception {
        Reading reading = reader.read(Nip04.decrypt(server, user.publicKey(), event.content()));
        return ((Reading.Understood) reading).message();
    }

    @Test
    void anEventIsSignedAndAddressed() {
        NostrEvent event = writer.heartbeat(AT);
        assertThat(event.kind()).isEqualTo(Kind.PUSH_CONTROL);
        assertThat(event.pubkey()).isEqualTo(user.publicKey());
        assertThat(event.createdAt()).isEqualTo(1_700_000_000L);
        assertThat(event.tags()).containsExactly(Tag.of("p", server.publicKey().hex()));
        assertThat(event.hasValidId()).isTrue();
        assertThat(Secp256k1.bouncyCastle().verify(event)).isTrue();
    }

    @Test
    void theFourMessagesAreWhatTheServerReads() throws Exception {
        assertThat(read(writer.heartbeat(AT))).isEqualTo(new ControlMessage.Heartbeat());
        assertThat(read(writer.offline(AT))).isEqualTo(new ControlMessage.Offline());
        assertThat(read(writer.logout(AT))).isEqualTo(new ControlMessage.Logout(Optional.empty()));
        assertThat(read(writer.settings(SettingsDraft.forDevice(TOKEN), AT)))
                .isInstanceOf(ControlMessage.Settings.class);
    }

    @Test
    void theSpecsPlaintextIsWritten() throws Exception {
        assertThat(Nip04.decrypt(server, user.publicKey(), writer.logout(AT).content()))
                .isEqualTo("{\"online\":0,\"deviceId\":\"\"}");
        assertThat(Nip04.decrypt(
                        server,
                        user.publicKey(),
                        writer.settings(
                                        SettingsDraft.forDevice("https://push.example.com/?a=1&b=2")
                                                .kinds(List.of(4))
                                                .relays(List.of(RelayUrl.of("wss://relay.example.com"))),
                                        AT)
                                .content()))
                .isEqualTo("{\"deviceId\":\"https://push.example.com/?a=1&b=2\",\"kinds\":[4],"
                        + "\"relays\":[\"wss://relay.example.com\"]}");
    }

    @Test
    void aLogoutOfOneDeviceNamesIt() throws Exception {
        ControlMessage.Logout logout = (ControlMessage.Logout) read(writer.logout(TOKEN, AT));
        assertThat(logout.device().map(DeviceAddress::text)).contains(TOKEN);
    }

    @Test
    void settingsCarryWhatIsNamedAndNothingElse() throws Exception {
        PublicKey contact = KeyPair.generate().publicKey();
        ControlMessage.Settings all = (ControlMessage.Settings) read(writer.settings(
                SettingsDraft.forDevice(TOKEN)
                        .online(true)
                        .kinds(List.of(4, 1059))
                        .relays(List.of(RelayUrl.of("wss://relay.example.com/x")))
                        .authors(List.of(contact))
                        .e(List.of("group \"1\"", contact.hex()))
                        .p(List.of(user.publicKey())),
                AT));
        assertThat(all.online()).contains(true);
        assertThat(all.device().map(DeviceAddress::text)).contains(TOKEN);
        assertThat(all.kinds()).contains(List.of(4, 1059));
        assertThat(all.relays()).contains(List.of(RelayUrl.of("wss://relay.example.com/x")));
        assertThat(all.authors()).contains(List.of(contact));
        assertThat(all.e()).contains(List.of("group \"1\"", contact.hex()));
        assertThat(all.p()).contains(List.of(user.publicKey()));

        ControlMessage.Settings bare = (ControlMessage.Settings)
                read(writer.settings(SettingsDraft.forDevice("").kinds(List.of()), AT));
        assertThat(bare)
                .isEqualTo(new ControlMessage.Settings(
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(List.of()),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()));
    }

    @Test
    void settingsThatAServerWouldTakeForALogoutAreNotWritten() {
        assertThatThrownBy(() -> writer.settings(SettingsDraft.forDevice(" "), AT))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.settings(SettingsDraft.forDevice("").online(false), AT))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.settings(SettingsDraft.forDevice("").online(true), AT))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aKindThatIsNoneIsRefusedWhereItIsNamed() {
        assertThatThrownBy(() -> SettingsDraft.forDevice("").kinds(List.of(65_536)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("65536");
    }
}
