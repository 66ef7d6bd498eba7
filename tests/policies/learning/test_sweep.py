"""A sweep runs on any executor, gives what single trainings give, and goes on where it was stopped."""

import pickle
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import pytest

pytest.importorskip("torch")

from qkdctl_policies.learning.config import TrainingError
from qkdctl_policies.learning.sweep import carry_out, seeds_of, sweep
from qkdctl_policies.learning.training import train
from qkdctl_policies.workers import workers

from tests.policies.learning.tiny import tiny

FORESIGHT = {"environment": {"epochs": 24}, "foresight": {"horizon": 20}, "selection": {"every_epochs": 24}}


class Elsewhere(Executor):
    """Runs nothing but what survives the way to another machine and back."""

    def submit(self, function, /, *args, **kwargs):
        future = Future()
        work, given, named = pickle.loads(pickle.dumps((function, args, kwargs)))
        try:
            future.set_result(pickle.loads(pickle.dumps(work(*given, **named))))
        except Exception as error:
            future.set_exception(error)
        return future


def test_a_sweep_learns_what_single_trainings_learn_runs_nothing_twice_and_keeps_to_its_folder(tmp_path):
    (task,) = tasks = seeds_of(tiny(), (2,), tmp_path)
    ((_, trained),) = sweep(tasks, Elsewhere())
    assert trained.vetted.data == train(tiny(), 2).vetted.data
    assert (tmp_path / "seed-2" / "tiny.onnx").read_bytes() == trained.vetted.data
    assert (tmp_path / "seed-2" / "tiny-curve.png").stat().st_size > 0

    looks = []
    assert carry_out(task, looks.append).vetted.data == trained.vetted.data
    assert looks == []

    other = seeds_of(tiny(description="another"), (2,), tmp_path)
    with ThreadPoolExecutor(1) as executor:
        ((failed, error),) = sweep(other, executor)
    assert failed == other[0]
    with pytest.raises(TrainingError, match="belongs to another configuration"):
        raise error


def test_trainings_in_a_process_of_a_sweep_have_processes_of_their_own(tmp_path):
    foreseeing, beside = tiny(**FORESIGHT), tiny(name="beside", actors={"processes": 1, "epochs": 4})
    with workers(1, finish=False) as executor:
        tasks = [task for config in (foreseeing, beside) for task in seeds_of(config, (2,), tmp_path, processes=2)]
        found = {task.config.name: trained for task, trained in sweep(tasks, executor)}
    assert found["tiny"].vetted.data == train(foreseeing, 2).vetted.data
    assert found["beside"].vetted.claims["episodes"] == "4"


def test_trainings_that_are_not_over_share_all_processes(tmp_path):
    def shares():
        return [task.processes for task in seeds_of(tiny(), (1, 2, 3), tmp_path, processes=8)]

    assert shares() == [2, 2, 2]
    for done in (1, 2):
        (tmp_path / f"seed-{done}").mkdir()
        (tmp_path / f"seed-{done}" / "tiny.onnx").touch()
    assert shares()[2] == 8


def test_a_dask_cluster_runs_a_sweep(tmp_path):
    distributed = pytest.importorskip("distributed")
    # one thread beside the scheduler, without sockets
    cluster = distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None)
    with cluster, distributed.Client(cluster) as client:
        ((task, trained),) = sweep(seeds_of(tiny(), (1,), tmp_path), client.get_executor())
    assert (task.folder / "tiny.onnx").read_bytes() == trained.vetted.data
