"""The end of a job in the queue."""

from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager


class ClaimedJobs(JobManager):
    """Procrastinate's jobs, without a statement for each end.

    The claim of a run deletes its job. One whose run could not be claimed stays, as being done, until
    `delete_orphan_jobs` finds it.
    """

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """Leave the job as it is."""
