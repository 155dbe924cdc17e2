import time
from tests.api.conftest import doors
from tests.builders.country import *
from tests.faults.test_many_transfers import prove


def test_run(database, doors):
    t = time.time()
    with opened(database, doors, 2, people_each=30) as c:
        s = prove(c, 2000)
        print(
            Counter(s),
            time.time() - t,
            c.kernel.chooser.counts,
            c.rows("select kind,detail,count(*) from transfer_case group by 1,2"),
        )
