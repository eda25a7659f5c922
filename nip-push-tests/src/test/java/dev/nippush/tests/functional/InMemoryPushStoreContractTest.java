package dev.nippush.tests.functional;

import dev.nippush.store.InMemoryPushStore;
import dev.nippush.store.PushStore;
import dev.nippush.testkit.PushStoreContract;

class InMemoryPushStoreContractTest extends PushStoreContract {

    @Override
    protected PushStore open() {
        return new InMemoryPushStore();
    }

    @Override
    protected boolean survivesClose() {
        return false;
    }
}
